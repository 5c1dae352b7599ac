"""Topic `deliveries`: what became of each message to a person. Only notify writes; key: case id."""

from typing import Literal, get_args

from msgspec import Struct

from shared.events.envelope import Registry

Outcome = Literal["delivered", "failed", "unknown"]
MessageChannel = Literal["sms", "voice"]
"""A text message, or a call in which a machine reads the text."""
CHANNELS: tuple[MessageChannel, ...] = get_args(MessageChannel)


class MessageDelivery(Struct, frozen=True, kw_only=True):
    """One attempt: the id is (obligation, channel, attempt); `proof` is the gateway's own reference."""

    obligation: str
    channel: str
    attempt: int
    outcome: Outcome
    proof: str
    detail: str = ""


DELIVERIES = Registry({"message.delivery.v1": MessageDelivery})
