"""Whole lifecycles over HTTP in a process of its own: `python -m bench.journey FILE`, with a Journey as JSON.

A lifecycle: a message over the web becomes a case; its department signs and answers; the auditor passes; notify
replies at the gateway; the agent follows up. Each request has its time; what is refused or lost has failed.
"""

import asyncio
import itertools
import sys
import time
from pathlib import Path
from typing import Literal

import msgspec
import uvloop
from msgspec import Struct

from bench.lives import UNIT
from hotline.surge.http import Answer, Client, Lost
from shared.auth import issue
from shared.ids import derive

Kind = Literal["register", "sign", "answer", "audit", "follow_up", "read"]
OUTCOME_S = 10.0
"""A 202 whose outcome comes within this time is done."""
FIRST_LOOK_S, LOOK_S, LONGEST_LOOK_S = 0.08, 0.08, 1.0
"""Before a department asks for a new case, or an agent for a reply, and between two such questions."""
CONNECTIONS = 256
TITLE = "核酸检测点排队"
TEXT = "小区门口的核酸检测点每天上午排队超过两个小时，老人和孩子在寒风里站着，希望增加检测台并公布分楼栋的时间。"
ANSWER = "已在该小区东门增设两个检测台，并按楼栋分时段安排，时间表张贴在单元门口；行动不便的老人由工作人员上门采样。"


class Pace(Struct, frozen=True):
    """So many lifecycles a second begin for so many seconds, whatever became of those before."""

    rate: float
    seconds: float


class Journey(Struct, frozen=True, kw_only=True):
    """`paces` one after the other; or `together` lifecycles at any time for `seconds`."""

    intake: str
    dispatch: str
    jwt_secret: str
    name: str
    paces: list[Pace] = []
    together: int = 0
    seconds: float = 0.0


class Request(Struct, frozen=True, array_like=True):
    """`at`: when it was sent, in unix seconds. `seconds`: until its answer, of a 202 of dispatch until its outcome."""

    kind: Kind
    at: float
    seconds: float


class Lifecycle(Struct, frozen=True, array_like=True):
    """`at`: its scheduled moment; `failed` says at which request and why, or is empty."""

    at: float
    seconds: float
    visible: float
    """From the first request until its case could be worked on."""
    failed: str = ""


class Travelled(Struct, kw_only=True):
    requests: list[Request] = []
    lifecycles: list[Lifecycle] = []


class Failed(Exception):
    """A request was refused, was lost, or had no outcome in time."""


class Traveller:
    """Sends the requests of many lifecycles."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey
        self._intake, self._dispatch = Client([journey.intake], CONNECTIONS), Client([journey.dispatch], CONNECTIONS)
        self._roles = {
            role: f"Authorization: Bearer {issue(journey.jwt_secret, 'bench', role, 2)}\r\n"
            for role in ("service", f"unit:{UNIT}", "auditor", "agent")
        }
        self._numbers = itertools.count()
        self.travelled = Travelled()

    async def run(self) -> None:
        if self._journey.together:
            end = time.time() + self._journey.seconds
            await asyncio.gather(*(self._again_and_again(end) for _ in range(self._journey.together)))
            return
        start = time.time() + 0.1
        async with asyncio.TaskGroup() as group:
            for pace in self._journey.paces:
                for n in range(round(pace.rate * pace.seconds)):
                    moment = start + n / pace.rate
                    await asyncio.sleep(max(0.0, moment - time.time()))
                    group.create_task(self._one(moment))
                start += pace.seconds

    async def _again_and_again(self, end: float) -> None:
        while time.time() < end:
            await self._one(time.time())

    async def _one(self, moment: float) -> None:
        visible, failed = 0.0, ""
        try:
            case = await self._register(next(self._numbers), moment)
            visible = await self._work(case, moment)
        except (Failed, Lost) as error:
            failed = str(error) or repr(error)
        self.travelled.lifecycles.append(Lifecycle(moment, time.time() - moment, visible, failed))

    async def _register(self, number: int, moment: float) -> str:
        body = {
            "title": TITLE, "text": TEXT, "area": "130102", "request_type": "QZ", "caller": f"139{number % 10**8:08d}",
        }  # fmt: skip
        key = f"{self._journey.name}-{number}"
        answer = await self._intake.request("POST", "/web/contacts", body, self._head("service", key))
        self._note("register", moment)
        if answer.status != 202:
            raise Failed(f"register: {answer.status} {answer.body}")
        return str(answer.body["case_id"])

    async def _work(self, case: str, moment: float) -> float:
        """From the signature to the close; returns how long the case took to be there."""
        order = derive("order", case, UNIT, 1, 0)
        await self._sign(case, order, moment)
        visible = time.time() - moment
        body = {"order": order, "public_answer": ANSWER, "internal": "现场已核"}
        await self._command("answer", case, body, f"unit:{UNIT}")
        await self._command("audit", case, {"order": order, "passed": True}, "auditor")
        await self._replied(case)
        await self._command("follow_up", case, {"solved": True, "satisfaction": 5}, "agent")
        return visible

    async def _sign(self, case: str, order: str, moment: float) -> None:
        """As soon as the case is there: until then the answer is 404, which is no failure within the time."""
        pause = FIRST_LOOK_S
        while True:
            await asyncio.sleep(pause)
            answer = await self._command("sign", case, {"order": order}, f"unit:{UNIT}")
            if answer.status != 404:
                return
            if time.time() - moment > OUTCOME_S:
                raise Failed(f"register: no case after {OUTCOME_S:.0f} s")
            pause = LOOK_S

    async def _command(self, verb: Kind, case: str, body: object, role: str) -> Answer:
        began = time.time()
        head = self._head(role, f"{self._journey.name}-{case}-{verb}")
        answer = await self._dispatch.request("POST", f"/cases/{case}/commands/{verb}", body, head)
        if answer.status == 202:
            answer = await self._outcome(str(answer.body["outcome"]), role, began)
        if answer.status not in (200, 404 if verb == "sign" else 200):
            raise Failed(f"{verb}: {answer.status} {answer.body}")
        self._note("read" if answer.status == 404 else verb, began)
        return answer

    async def _outcome(self, where: str, role: str, began: float) -> Answer:
        while time.time() - began < OUTCOME_S:
            await asyncio.sleep(LOOK_S)
            answer = await self._dispatch.request("GET", where, None, self._roles[role])
            if answer.status != 404:
                return answer
        raise Failed(f"no outcome after {OUTCOME_S:.0f} s")

    async def _replied(self, case: str) -> None:
        """Until the citizen has his answer, which the agent sees on the case."""
        since, pause = time.time(), FIRST_LOOK_S
        while True:
            await asyncio.sleep(pause)
            began = time.time()
            answer = await self._dispatch.request("GET", f"/cases/{case}", None, self._roles["agent"])
            self._note("read", began)
            if answer.status != 200:
                raise Failed(f"read: {answer.status} {answer.body}")
            if answer.body["state"] == "PENDING_CALLBACK":
                return
            if time.time() - since > 3 * OUTCOME_S:
                raise Failed(f"reply: the case is still {answer.body['state']}")
            pause = min(pause * 1.5, LONGEST_LOOK_S)

    def _head(self, role: str, key: str) -> str:
        return f"{self._roles[role]}Idempotency-Key: {key}\r\n"

    def _note(self, kind: Kind, began: float) -> None:
        self.travelled.requests.append(Request(kind, began, time.time() - began))


async def travel(journey: Journey) -> Travelled:
    traveller = Traveller(journey)
    await traveller.run()
    return traveller.travelled


if __name__ == "__main__":
    given = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Journey)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(travel(given))))
