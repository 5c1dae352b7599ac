"""What everybody in the hall can see: how far the calls are, and the one cause that many of them are about."""


class Wall:
    """Shared by the agents and by the people behind them. The first case about the cause becomes the event case."""

    def __init__(self) -> None:
        self.served = 0.0
        """Share of the calls that have ended."""
        self.event_case = ""
        self.about: set[str] = set()
        """Every case about the cause; the event case is one of them."""
        self.to_link: dict[str, None] = {}
        """Those that are to be linked to the event case."""

    def reported(self, case: str) -> None:
        """Somebody has called about the cause."""
        if not self.event_case:
            self.event_case = case
        elif case not in self.about:
            self.to_link[case] = None
        self.about.add(case)
