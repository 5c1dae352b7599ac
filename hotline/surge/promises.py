"""What the actors of a run were promised: their journals' lines by kind."""

from collections.abc import Iterable

from hotline.surge.journal import Attached, Commanded, Line, Refused, Registered, Settled, Switched, Touches


class Promises:
    """The journals' lines by kind."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.touches: list[Touches] = []
        self.registered: list[Registered] = []
        self.attached: list[Attached] = []
        self.commanded: list[Commanded] = []
        self.settled: list[Settled] = []
        self.switched: list[Switched] = []
        self.refused: list[Refused] = []
        for line in lines:
            getattr(self, type(line).__name__.lower()).append(line)

    def offered(self) -> set[str]:
        return {contact for touch in self.touches for contact, _, kind in touch.items if kind == "offered"}
