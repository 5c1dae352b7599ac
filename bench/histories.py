"""What may have become of a case before a run: histories by name and share, in the steps of bench/life.py.

Shares follow published figures: about seven cases in ten are answered at the desk, and a few in a hundred are open.
"""

from typing import Literal

from msgspec import Struct

from shared.events.commands import RequestType

Texts = Literal["routed", "unrouted", "urgent"]
Step = Literal[
    "told", "register", "assign", "sign", "answer", "send_back", "audit", "solved", "unsolved", "ask_return",
    "grant_return", "attach", "reopen", "transfer", "refused_sms",
]  # fmt: skip


class History(Struct, frozen=True, kw_only=True):
    """`state` is the case's state after the steps; `texts`: which messages such a case begins with."""

    name: str
    share: float
    steps: tuple[Step, ...]
    state: str = "CLOSED"
    request_type: RequestType = "QZ"
    texts: Texts = "routed"

    @property
    def open(self) -> bool:
        return self.state != "CLOSED"


HANDLED: tuple[Step, ...] = ("register", "sign", "answer", "audit")
HISTORIES = (
    History(name="answered at the desk", share=0.71, steps=("told",), request_type="ZX"),
    History(name="handled", share=0.14, steps=(*HANDLED, "solved")),
    History(name="a suggestion", share=0.03, steps=HANDLED, request_type="JY"),
    History(name="by a dispatcher", share=0.02, steps=("register", "assign", *HANDLED[1:], "solved"), texts="unrouted"),
    History(name="urgent", share=0.01, steps=(*HANDLED, "solved"), texts="urgent"),
    History(
        name="sent back once", share=0.01,
        steps=("register", "sign", "answer", "send_back", "answer", "audit", "solved"),
    ),
    History(
        name="another unit's", share=0.01, steps=("register", "ask_return", "grant_return", *HANDLED[1:], "solved")
    ),
    History(
        name="solved at the second time", share=0.005,
        steps=(*HANDLED, "unsolved", "assign", *HANDLED[1:], "solved"),
    ),
    History(name="called again", share=0.005, steps=("register", "attach", *HANDLED[1:], "solved")),
    History(
        name="waits for a dispatcher", share=0.006, steps=("register",), state="PENDING_DISPATCH", texts="unrouted"
    ),
    History(name="waits for a signature", share=0.015, steps=("register",), state="DISPATCHED"),
    History(name="at work", share=0.02, steps=("register", "sign"), state="HANDLING"),
    History(name="a return is asked", share=0.002, steps=("register", "ask_return"), state="DISPATCHED"),
    History(name="waits for audit", share=0.006, steps=("register", "sign", "answer"), state="PENDING_AUDIT"),
    History(name="cannot be told", share=0.002, steps=(*HANDLED, "refused_sms"), state="PENDING_REPLY"),
    History(name="waits for a follow-up", share=0.006, steps=HANDLED, state="PENDING_CALLBACK"),
    History(
        name="asks to be reopened", share=0.002, steps=(*HANDLED, "solved", "attach"), state="REOPEN_REQUESTED"
    ),
    History(
        name="with another city", share=0.001, steps=("register", "transfer"), state="TRANSFERRED", texts="unrouted"
    ),
)  # fmt: skip
