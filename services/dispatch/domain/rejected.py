"""How a decision says no."""


class Rejected(Exception):
    """The command changes nothing: a code, and words that say what is possible."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail
