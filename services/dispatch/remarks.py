"""What people write beside a case's official words: numbers in it are masked before it becomes a record."""

from msgspec import Struct, structs

from shared.events.commands import EndTransfer
from shared.privacy import redact, redact_answer

_REMARKS = (
    "text", "title", "address", "note", "reason", "comment", "internal", "basis", "plan", "callee", "promise",
    "asked_action",
)  # fmt: skip
"""`public_answer` and `route` are no remarks: citizens are told them, with the numbers of offices in them."""


def masked(data: Struct) -> Struct:
    """The command without the numbers of persons; the very same one where there are none.

    What ended a transfer is told to citizens too, but a supervisor heard it on the telephone.
    """
    hide = redact_answer if isinstance(data, EndTransfer) else redact
    written = {name: text for name in _REMARKS if (text := getattr(data, name, ""))}
    plain = {name: hidden for name, text in written.items() if (hidden := hide(text)) != text}
    return structs.replace(data, **plain) if plain else data
