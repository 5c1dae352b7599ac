"""The life of a received case, told to its origin: accepted, progress, result, or handed back.

The receiving city answers the citizen where it got the contact with consent; the origin gets the same result, and its
own obligation to its reporter stays its own (docs/transfer.md).
"""

from typing import Any, Literal

from services.transfer.domain.state import OVER, No, Received, Update
from shared.events import cases as e

Spoken = Literal["signed", "returned", "withdrawn", "closed"]
"""Words of policy for the origin: two of progress, two for an end without an answer."""


def hear(received: Received, data: Any, words: dict[Spoken, str]) -> bool:
    """Apply one event of our own case; False where it means nothing to the origin."""
    match data:
        case e.CaseRegistered():
            received.number, received.receipted = data.number, True
        case e.CaseDispatched():
            return _accept(received)
        case e.WorkOrderSigned():
            return _tell(received, "progressed", text=words["signed"])
        case e.WorkOrderReturned():
            received.answers.pop(data.order, None)
            return _tell(received, "progressed", text=words["returned"])
        case e.WorkOrderAnswered():
            received.answers[data.order] = data.public_answer
        case e.WorkOrderSentBack() | e.WorkOrderWithdrawn():
            received.answers.pop(data.order, None)
        case e.CaseAnswered():
            received.answers[""] = data.answer
        case e.TransferCompleted():
            received.answers[data.transfer] = data.text
        case e.CaseReferred():
            received.answers = {"": data.route}
        case e.CaseWithdrawn():
            received.answers = {"": words["withdrawn"]}
        case e.ReplyOwed():
            return _complete(received, data.answer)
        case e.CaseHandedBack():
            return _tell(received, "refused", reason=data.reason, text=data.text)
        case e.CaseClosed():
            return _complete(received, "\n".join(received.answers.values()) or words["closed"])
        case _:
            return False
    return True


def stays(received: Received, data: e.CommandRejected, command: str) -> bool:
    """Our case refused to go back; of other refusals the origin hears nothing."""
    if data.verb != "hand_back":
        return False
    received.no = No(nth=received.noes + 1, command=command, reason=data.reason, detail=data.detail)
    return True


def _accept(received: Received) -> bool:
    return received.step == "receipted" and _tell(received, "accepted")


def _complete(received: Received, answer: str) -> bool:
    _accept(received)
    return _tell(received, "completed", text=answer)


def _tell(
    received: Received, step: Literal["accepted", "progressed", "refused", "completed"], *, reason: str = "",
    text: str = "",
) -> bool:  # fmt: skip
    """One more update, unless the transfer is over."""
    if received.step in OVER:
        return False
    received.updates.append(Update(number=len(received.updates) + 1, step=step, reason=reason, text=text))
    if step != "progressed":
        received.step = step
    return True
