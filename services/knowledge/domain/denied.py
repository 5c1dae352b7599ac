"""A request that the rules do not allow."""


class Denied(Exception):
    """Nothing changes: a code, and words that say what is possible."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


class Missing(Exception):
    """There is no such article or bulletin."""
