"""Wrong variants of the protocol, each of which must turn a named test red."""
