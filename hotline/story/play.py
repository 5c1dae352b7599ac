"""Plays a story step by step: waits for its moment, acts, and waits until everything that was told is seen."""

import asyncio
from collections.abc import Callable
from typing import Any

from hotline.page import count, words
from hotline.story import acts
from hotline.story.result import Outcome, Played, Result, Stood
from hotline.story.script import Ending, Expect, Matter, Outbound, Step
from hotline.story.stage import LOOK_S, Refused, Stage

PATIENCE_S = 30.0
"""Real seconds that a step, with all that must be seen, may take."""
REJECTED = "command.rejected.v1"
Page = dict[str, Any]


class Otherwise(Exception):
    """It went otherwise than told."""


class Player:
    """One performance on an open stage; `say` hears of every step played, `run` keeps the ids of two apart."""

    def __init__(self, stage: Stage, say: Callable[[Played], None], run: str, patience_s: float = PATIENCE_S) -> None:
        self._story = stage.story
        self._stage = stage
        self._say = say
        self._run = run
        self._patience_s = patience_s
        self._claimed: set[tuple[str, str]] = set()
        self._missing = ""
        self._names = {code: unit.name for code, unit in stage.units.items()}

    async def play(self) -> Result:
        """All steps up to the first that fails, and how the cases stand then."""
        played: list[Played] = []
        for number, step in enumerate(self._story.steps, 1):
            played.append(await self._step(number, step))
            self._say(played[-1])
            if played[-1].outcome == "failed":
                break
        cases = [await self._stood(ending) for ending in self._story.ends if ending.case in self._stage.cases]
        return Result(title=self._story.title, steps=tuple(played), cases=tuple(cases))

    async def _step(self, number: int, step: Step) -> Played:
        if step.needs and step.needs not in self._stage.commands:
            return self._told(number, step, "left out", [f"dispatch has no command {step.needs}"])
        wait = self._story.moment(step.at) - self._stage.clock.now()
        await self._stage.clock.sleep(max(0.0, self._stage.clock.seconds(wait)))
        saw: list[str] = []
        self._missing = "an answer at the door"
        try:
            async with asyncio.timeout(self._patience_s):
                await self._play(number, step, saw)
        except TimeoutError:
            return self._told(number, step, "failed", [*saw, f"not seen in {self._patience_s:g} s: {self._missing}"])
        except (Refused, Otherwise) as error:
            return self._told(number, step, "failed", [*saw, str(error)])
        return self._told(number, step, "ok", saw)

    def _told(self, number: int, step: Step, outcome: Outcome, saw: list[str]) -> Played:
        return Played(
            number=number,
            time=self._stage.clock.now().strftime("%Y-%m-%d %H:%M"),
            do=str(step.__struct_config__.tag),
            who=self._story.actors[step.who].name if step.who else "",
            tell=step.tell or headline(step),
            outcome=outcome,
            saw=tuple(saw),
        )

    async def _play(self, number: int, step: Step, saw: list[str]) -> None:
        command = await acts.act(self._stage, step, f"{self._run}-{number}")
        if command:
            saw += await self._outcome(step, command)
        for expect in step.see:
            sight = await self._sight(step, expect)
            if sight not in saw:
                saw.append(sight)

    async def _outcome(self, step: Step, command: str) -> list[str]:
        """What the command became, in words; raises Otherwise where it became a no, or the no did not come."""
        self._missing = "what became of the command"
        while True:
            timeline = (await self._stage.page(step.case)).get("timeline", [])
            events = [event for event in timeline if event["cause"].split("#")[0] == command]
            if events:
                return self._judged(step, events)
            await self._stage.clock.sleep(LOOK_S)

    def _judged(self, step: Step, events: list[Page]) -> list[str]:
        no = next((event["data"] for event in events if event["type"] == REJECTED), None)
        if step.refused != (no["reason"] if no else ""):
            seen = f"{no['reason']}: {no['detail']}" if no else "was taken"
            raise Otherwise(f"{'refused ' if no else ''}{seen}; told was {step.refused or 'no refusal'}")
        if no:
            return [f"refused: {no['reason']}, {no['detail']}"]
        return [self._words(event) for event in events]

    def _words(self, event: Page) -> str:
        return f"{event['type'].removesuffix('.v1')}: {words(event, self._names)}"

    async def _sight(self, step: Step, expect: Expect) -> str:
        """Wait until it is seen; each event and each message counts for one expectation only."""
        self._missing = wanted(expect)
        while True:
            found = await self._look(step, expect)
            if found:
                return found
            await self._stage.clock.sleep(LOOK_S)

    async def _look(self, step: Step, expect: Expect) -> str:
        if expect.sms:
            return await self._message(expect, expect.to or self._story.opener(step.case))
        page = await self._stage.page(step.case)
        if expect.state:
            return f"state {expect.state}" if page.get("state") == expect.state else ""
        for event in page.get("timeline", []):
            claim = (step.case, str(event["sequence"]))
            if claim not in self._claimed and fits(expect, event):
                self._claimed.add(claim)
                return self._words(event)
        return ""

    async def _message(self, expect: Expect, who: str) -> str:
        for message in await self._stage.messages(who):
            claim = ("message", str(message["id"]))
            if claim not in self._claimed and expect.sms in message["text"]:
                self._claimed.add(claim)
                return f"message to {self._story.actors[who].name}: {message['text']}"
        return ""

    async def _last_page(self, case: str) -> Page:
        """Empty where the platform does not answer any more."""
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._stage.page(case)
        except TimeoutError:
            return {}

    async def _stood(self, ending: Ending) -> Stood:
        page = await self._last_page(ending.case)
        counts = count(page.get("timeline", []))
        return Stood(
            name=ending.case,
            number=page.get("number", ""),
            state=page.get("state", "UNKNOWN"),
            calls_in=counts.calls_in,
            calls_out=counts.calls_out,
            replies=counts.replies,
            solved=counts.solved[-1] if counts.solved else None,
            wrong=tuple(wrong(ending, page)),
            page=page,
        )


def headline(step: Step) -> str:
    """What a step is about, where the story does not tell it."""
    if isinstance(step, Outbound):
        return f"→ {step.callee}"
    return step.title if isinstance(step, Matter) else ""


def wanted(expect: Expect) -> str:
    """An expectation in words."""
    if expect.event:
        values = ", ".join(f"{key} {value}" for key, value in expect.values.items())
        return f"{expect.event} {values}".strip()
    return f"state {expect.state}" if expect.state else f"a message with {expect.sms!r}"


def fits(expect: Expect, event: Page) -> bool:
    """Whether the event is of the type and has all the values."""
    same = all(event["data"].get(key) == value for key, value in expect.values.items())
    return bool(event["type"] == expect.event) and same


def wrong(ending: Ending, page: Page) -> list[str]:
    """Where the case stands otherwise than the story wants it."""
    counts = count(page.get("timeline", []))
    solved = counts.solved[-1] if counts.solved else None
    pairs = [
        ("state", page.get("state"), ending.state),
        ("calls in", counts.calls_in, ending.calls_in),
        ("replies", counts.replies, ending.replies),
        ("solved", solved, ending.solved),
    ]
    found = [f"{name} is {seen}, not {told}" for name, seen, told in pairs if seen != told]
    if counts.calls_out < ending.calls_out:
        found.append(f"calls out are {counts.calls_out}, fewer than {ending.calls_out}")
    return found
