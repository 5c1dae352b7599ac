"""Pure rules of notify: what a debt is, and how it changes."""
