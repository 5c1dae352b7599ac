"""The simulated world that calls the hotline, and the ledger that proves what became of every call."""
