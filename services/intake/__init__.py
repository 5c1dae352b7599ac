"""intake: takes contacts of every channel, opens cases; what it has answered 202 for is never lost."""
