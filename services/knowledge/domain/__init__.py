"""Pure rules of articles, bulletins, the switch, and of words."""
