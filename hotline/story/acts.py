"""What each kind of step does at the platform's doors; the platform's answer is the id of the command it became."""

from collections.abc import Awaitable, Callable
from typing import Any

from hotline.story import script as s
from hotline.story.stage import LOOK_S, Stage, order_in, taken
from hotline.surge.desks import Reply
from hotline.surge.door import Door


async def act(stage: Stage, step: s.Step, key: str) -> str:
    """Take the step under this key of its own; returns its command, empty where nobody does anything.

    Raises Refused.
    """
    return await _ACTS[type(step)](stage, step, key)


async def _call(stage: Stage, step: s.Call, key: str) -> str:
    contact = await _ring(stage, step.who, step.agent, key, step.keys)
    matter = {"matter": 1, "key": step.keys[-1][1] if step.keys else "", **_matter(stage, step)}
    answer = taken(await stage.own_door("intake", step.agent).post(f"/contacts/{contact}/cases", matter), 202)
    stage.begin(step.case, answer.body["case_id"], step.who)
    await _hang_up(stage, step.keys, key)
    return str(answer.body["command_id"])


async def _web(stage: Stage, step: s.Web, key: str) -> str:
    portal = stage.home.door("intake", "portal", "service")
    answer = taken(await portal.post("/web/contacts", _matter(stage, step), key), 202)
    stage.begin(step.case, answer.body["case_id"], step.who)
    return str(answer.body["command_id"])


async def _call_again(stage: Stage, step: s.CallAgain, key: str) -> str:
    keys = (("main", "3"),)
    contact = await _ring(stage, step.who, step.agent, key, keys)
    body = {"case_id": stage.cases[step.case], "text": step.text, "caller": stage.actor(step.who).number}
    answer = taken(await stage.own_door("intake", step.agent).post(f"/contacts/{contact}/attachments", body), 202)
    await _hang_up(stage, keys, key)
    return str(answer.body["command_id"])


async def _outbound(stage: Stage, step: s.Outbound, key: str) -> str:
    """A call out; its contact must be on record as well."""
    body = {
        "case_id": stage.cases[step.case],
        "promise_due": stage.story.moment(step.promise_due).isoformat() if step.promise_due else None,
        **{name: getattr(step, name) for name in ("purpose", "callee", "result", "number", "text", "promise")},
    }
    door = stage.own_door("intake", step.who)
    answer = taken(await door.post("/calls/outbound", body, key), 202)
    await _on_record(stage, door, answer.body["contact_id"])
    return str(answer.body["command_id"])


async def _on_record(stage: Stage, door: Door, contact: str) -> None:
    while True:
        answer = taken(await door.get(f"/contacts/{contact}"), 200, 404)
        if answer.status == 200 and answer.body["placed"] and answer.body["ended"]:
            return
        await stage.clock.sleep(LOOK_S)


async def _assign(stage: Stage, step: s.Assign, key: str) -> str:
    supporting = [stage.actor(unit).unit for unit in step.supporting]
    return await _person(stage, step, key, "assign", {"lead": stage.actor(step.lead).unit, "supporting": supporting})


async def _sign(stage: Stage, step: s.Sign, key: str) -> str:
    return await _unit(stage, step, key, "sign", {})


async def _return(stage: Stage, step: s.Return, key: str) -> str:
    proposed = stage.actor(step.proposed).unit if step.proposed else ""
    body = {"reason": step.reason, "basis": step.basis, "proposed_unit": proposed}
    return await _unit(stage, step, key, "ask_return", body)


async def _answer(stage: Stage, step: s.Answer, key: str) -> str:
    body = {"public_answer": step.public_answer, "internal": step.internal, "solved": step.solved}
    return await _unit(stage, step, key, "answer", body)


async def _judge_return(stage: Stage, step: s.JudgeReturn, key: str) -> str:
    instead = stage.actor(step.instead).unit if step.instead else ""
    body = {"order": await _order_of(stage, step, step.unit), "approve": step.approve, "unit": instead}
    return await _person(stage, step, key, "judge_return", {**body, "reason": step.reason})


async def _audit(stage: Stage, step: s.Audit, key: str) -> str:
    body = {"order": await _order_of(stage, step, step.unit), "passed": step.passed, "reason": step.reason}
    return await _person(stage, step, key, "audit", body)


async def _note(stage: Stage, step: s.Note, key: str) -> str:
    return await _person(stage, step, key, "note", {"text": step.text})


async def _follow_up(stage: Stage, step: s.FollowUp, key: str) -> str:
    body = {"solved": step.solved, "satisfaction": step.satisfaction, "comment": step.comment}
    return await _person(stage, step, key, "follow_up", body)


async def _transfer(stage: Stage, step: s.Transfer, key: str) -> str:
    body = {name: getattr(step, name) for name in ("target", "reason", "asked_action", "consent")}
    return await _person(stage, step, key, "ask_transfer", body)


async def _receive(stage: Stage, step: s.Receive, key: str) -> str:
    """It is known by its title; the other city gave it an id of its own."""
    title, door = (await stage.page(step.of))["title"], stage.own_door("dispatch", step.who)
    while True:
        rows = taken(await door.get("/cases?limit=1000"), 200).body["items"]
        found = [row["id"] for row in rows if row["title"] == title]
        if found:
            stage.begin(step.case, found[0], step.who)
            return ""
        await stage.clock.sleep(LOOK_S)


async def _wait(stage: Stage, step: s.Wait, key: str) -> str:
    return ""


def _matter(stage: Stage, step: s.Matter) -> dict[str, Any]:
    names = ("title", "text", "request_type", "area", "address", "urgent", "answer")
    return {"caller": stage.actor(step.who).number, **{name: getattr(step, name) for name in names}}


async def _ring(stage: Stage, who: str, agent: str, key: str, keys: tuple[tuple[str, str], ...]) -> str:
    """The telephone system's events up to the agent's greeting; returns the contact."""
    pressed = [{"type": "key", "menu": menu, "key": one} for menu, one in keys]
    events = [{"type": "offered", "caller": stage.actor(who).number}, *pressed, {"type": "answered", "agent": agent}]
    numbered = [{"call_id": key, "number": number, **event} for number, event in enumerate(events, 1)]
    answer = taken(await stage.home.door("intake", "pbx", "service").post("/calls/events", numbered), 202)
    return str(answer.body["calls"][key]["contact_id"])


async def _hang_up(stage: Stage, keys: tuple[tuple[str, str], ...], key: str) -> None:
    ended = {"call_id": key, "number": len(keys) + 3, "type": "ended", "by": "agent", "served": True}
    taken(await stage.home.door("intake", "pbx", "service").post("/calls/events", ended), 202)


async def _order_of(stage: Stage, step: s.Step, unit: str) -> str:
    """A unit's order, as the person who judges it sees it on the case's page."""
    return order_in(await stage.page(step.case), stage.actor(unit).unit)


async def _person(stage: Stage, step: s.Step, key: str, verb: str, body: dict[str, Any]) -> str:
    """A command over HTTP; that it is refused, or late, is seen on the case."""
    door = stage.own_door("dispatch", step.who)
    answer = await door.post(f"/cases/{stage.cases[step.case]}/commands/{verb}", body, key)
    return str(taken(answer, 200, 202, 409).body["command"])


async def _unit(stage: Stage, step: s.Step, key: str, verb: str, body: dict[str, Any]) -> str:
    """A unit's command about its order, over the feed where it reads one."""
    unit, town = stage.actor(step.who).unit, stage.town(step.who)
    body = {"order": await stage.order(step.case, step.who), **body}
    if town.units[unit].feed == "kafka":
        return await town.feeds.send(Reply(unit, stage.cases[step.case], verb, body, key))
    return await _person(stage, step, key, verb, body)


_ACTS: dict[type[s.Step], Callable[[Stage, Any, str], Awaitable[str]]] = {
    s.Call: _call,
    s.Web: _web,
    s.CallAgain: _call_again,
    s.Assign: _assign,
    s.Sign: _sign,
    s.Return: _return,
    s.JudgeReturn: _judge_return,
    s.Answer: _answer,
    s.Audit: _audit,
    s.Outbound: _outbound,
    s.Note: _note,
    s.FollowUp: _follow_up,
    s.Transfer: _transfer,
    s.Receive: _receive,
    s.Wait: _wait,
}
