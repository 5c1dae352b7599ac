"""Asking our own case to go back to where it came from, for its origin and for people here. The case decides."""

from services.transfer.acknowledge import acknowledged
from services.transfer.domain.state import No, Received
from services.transfer.outbox import Outbox
from services.transfer.store import Store, read
from shared.clock import Clock
from shared.events.commands import HandBack
from shared.ids import client_command_id
from shared.producer import Publisher
from shared.service import Problem

LOOK_S = 0.1
LOOKS = 20
"""Two seconds: an origin waits five for the whole answer."""


class HandBacks:
    """Sends `hand_back`, and tells a no that comes soon; a later one is told when somebody asks again."""

    def __init__(self, store: Store, publisher: Publisher, clock: Clock, outbox: Outbox) -> None:
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._outbox = outbox

    async def ask(self, case: str, received: Received, data: HandBack, actor: str, key: str = "") -> str:
        """The command's id; without a key of the asker's own another one after each no, so that he may try again.

        Problem 409 with the case's words where it says no, or with ours where it was accepted or is over.
        """
        if received.step != "receipted":
            now = "we arbitrate from here on" if received.step == "accepted" else "there is nothing to give back"
            raise Problem(409, "already_accepted", f"the transfer is {received.step}; {now}")
        command = client_command_id(actor, key or f"{received.transfer}/hand_back/{received.noes}")
        record = self._outbox.command(case, data, command, actor, trace=received.trace)
        await acknowledged(self._publisher, [record])
        if no := await self._no(case, command):
            raise Problem(409, no.reason, no.detail)
        return command

    async def _no(self, case: str, command: str) -> No | None:
        for _ in range(LOOKS):
            received = read((await self._store.cases.load([case], omit=("parked",))).get(case)).received
            if received is None or received.step == "refused":
                return None
            if received.no is not None and received.no.command == command:
                return received.no
            await self._clock.sleep(LOOK_S)
        return None
