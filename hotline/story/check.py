"""Whether a story hangs together: everybody it names exists, may do what he does, and knows of the case by then."""

from collections.abc import Iterator, Mapping

from hotline.story import script as s
from shared.events.cases import CASES
from shared.policy import Units

Problem = tuple[str, str]
"""Place, and what is wrong there."""
ROLES = ("citizen", "agent", "dispatcher", "auditor", "supervisor")
PLAYERS: dict[type[s.Step], tuple[str, ...]] = {
    s.Call: ("citizen",),
    s.Web: ("citizen",),
    s.CallAgain: ("citizen",),
    s.Assign: ("dispatcher", "supervisor"),
    s.Sign: ("unit",),
    s.Return: ("unit",),
    s.JudgeReturn: ("supervisor",),
    s.Answer: ("unit",),
    s.Audit: ("auditor", "supervisor"),
    s.Outbound: ("agent", "supervisor"),
    s.Note: ("agent", "dispatcher", "auditor", "supervisor", "unit"),
    s.FollowUp: ("agent", "supervisor"),
    s.Transfer: ("agent", "dispatcher", "supervisor"),
    s.Receive: ("dispatcher", "supervisor"),
    s.Wait: (),
}
"""Which roles may take a step."""
OTHERS: dict[str, str] = {"agent": "agent", "lead": "unit", "unit": "unit", "instead": "unit", "proposed": "unit"}
"""Fields of steps that name an actor, and his role."""


def problems(story: s.Story, units: Mapping[str, Units]) -> Iterator[Problem]:
    """Everything that is wrong, in the order of the file. `units` by city, at home under the empty name."""
    yield from _actors(story, units)
    opened: set[str] = set()
    last = ""
    for index, step in enumerate(story.steps):
        place = f"steps[{index}]"
        if last and story.moment(step.at) < story.moment(last):
            yield f"{place}.at", f"{step.at} is before {last} of the step above"
        last = step.at
        yield from _who(story, step, place)
        yield from _case(step, place, opened)
        yield from _sights(story, step, place)
    for index, ending in enumerate(story.ends):
        if ending.case not in opened:
            yield f"ends[{index}].case", f"no step opens the case {ending.case!r}"


def _actors(story: s.Story, units: Mapping[str, Units]) -> Iterator[Problem]:
    for key, actor in story.actors.items():
        if actor.city not in units:
            # Steps that may be left out need no city.
            if any(step.who == key and not step.needs for step in story.steps):
                yield f"actors.{key}.city", f"there is no policy of a city {actor.city!r}"
        elif actor.unit and actor.unit not in units[actor.city].by_code():
            yield f"actors.{key}.role", f"the city has no unit {actor.unit!r}"
        elif not actor.unit and actor.role not in ROLES:
            yield f"actors.{key}.role", f"{actor.role!r} is none of {', '.join(ROLES)}, unit:<code>"


def _role(story: s.Story, key: str) -> str:
    actor = story.actors.get(key)
    return actor.role.split(":")[0] if actor else ""


def _who(story: s.Story, step: s.Step, place: str) -> Iterator[Problem]:
    allowed = PLAYERS[type(step)]
    if allowed and _role(story, step.who) not in allowed:
        yield f"{place}.who", f"{step.who or 'nobody'!r} is no {' or '.join(allowed)} among the actors"
    for name, role in OTHERS.items():
        key = getattr(step, name, "")
        if key and _role(story, key) != role:
            yield f"{place}.{name}", f"{key!r} is no {role} among the actors"
    for number, key in enumerate(getattr(step, "supporting", ())):
        if _role(story, key) != "unit":
            yield f"{place}.supporting[{number}]", f"{key!r} is no unit among the actors"


def _case(step: s.Step, place: str, opened: set[str]) -> Iterator[Problem]:
    opens = isinstance(step, s.Matter | s.Receive)
    if isinstance(step, s.Receive) and step.of not in opened:
        yield f"{place}.of", f"the case {step.of!r} is not opened yet"
    if opens == (step.case in opened):
        yield f"{place}.case", f"the case {step.case!r} is {'opened twice' if opens else 'not opened yet'}"
    opened.add(step.case)


def _sights(story: s.Story, step: s.Step, place: str) -> Iterator[Problem]:
    for number, sight in enumerate(step.see):
        if sight.event and sight.event not in CASES.models:
            yield f"{place}.see[{number}].event", f"no case has an event {sight.event!r}"
        if sight.to and _role(story, sight.to) != "citizen":
            yield f"{place}.see[{number}].to", f"{sight.to!r} is no citizen among the actors"
