"""Pure rules of transfer: what is sent to partners, what is heard from them, and when they are late."""
