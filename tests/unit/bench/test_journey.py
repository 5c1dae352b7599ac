"""The load of lifecycles: what counts as done, as failed and as drained, against a little city over HTTP."""

from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from msgspec import structs

from bench import journey
from bench.journey import Journey, Lifecycle, Pace, Request, Travelled, travel
from bench.rival import Lag, steps

SECRET = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
CASE = "N-5a7f1c9e-2f62-5c1e-9a53-12345c0de000"


class LittleCity:
    """Both doors. `unseen`: how often a signature meets no case yet; `late`: verbs whose outcome comes after a 202."""

    def __init__(self) -> None:
        self.unseen = 0
        self.late: set[str] = set()
        self.refused: set[str] = set()
        self.asked: Counter[str] = Counter()

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/web/contacts", self.register)
        app.router.add_post("/cases/{case}/commands/{verb}", self.command)
        app.router.add_get("/cases/{case}/commands/{command}", self.outcome)
        app.router.add_get("/cases/{case}", self.case)
        return app

    async def register(self, request: web.Request) -> web.Response:
        self.asked["register"] += 1
        return web.json_response({"case_id": CASE}, status=202)

    async def command(self, request: web.Request) -> web.Response:
        verb = request.match_info["verb"]
        self.asked[verb] += 1
        if verb == "sign" and self.asked[verb] <= self.unseen:
            return web.json_response({"reason": "no_such_case"}, status=404)
        if verb in self.refused:
            return web.json_response({"reason": "not_now"}, status=503)
        where = f"/cases/{CASE}/commands/c1"
        return web.json_response({"outcome": where}, status=202 if verb in self.late else 200)

    async def outcome(self, request: web.Request) -> web.Response:
        self.asked["outcome"] += 1
        return web.json_response({}, status=404 if self.asked["outcome"] < 3 else 200)

    async def case(self, request: web.Request) -> web.Response:
        self.asked["case"] += 1
        return web.json_response({"state": "PENDING_CALLBACK" if self.asked["case"] > 1 else "PENDING_REPLY"})


@pytest.fixture
async def city(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[LittleCity, Journey]]:
    monkeypatch.setattr(journey, "FIRST_LOOK_S", 0.01)
    monkeypatch.setattr(journey, "LOOK_S", 0.01)
    little = LittleCity()
    server = TestServer(little.application())
    await server.start_server()
    url = str(server.make_url("")).rstrip("/")
    yield little, Journey(intake=url, dispatch=url, jwt_secret=SECRET, name="t", paces=[Pace(10.0, 0.1)])
    await server.close()


async def test_a_whole_lifecycle(city: tuple[LittleCity, Journey]) -> None:
    little, wanted = city
    little.unseen, little.late = 2, {"answer"}
    travelled = await travel(wanted)
    assert [one.failed for one in travelled.lifecycles] == [""]
    assert Counter(one.kind for one in travelled.requests) == Counter(
        register=1, sign=1, answer=1, audit=1, follow_up=1, read=4
    )
    assert little.asked["outcome"] == 3


async def test_a_refusal_is_a_failure(city: tuple[LittleCity, Journey]) -> None:
    little, wanted = city
    little.refused = {"audit"}
    (failed,) = [one.failed for one in (await travel(wanted)).lifecycles]
    assert failed.startswith("audit: 503")
    assert not little.asked["follow_up"]


async def test_an_outcome_that_never_comes_is_a_failure(
    city: tuple[LittleCity, Journey], monkeypatch: pytest.MonkeyPatch
) -> None:
    little, wanted = city
    monkeypatch.setattr(journey, "OUTCOME_S", 0.05)
    little.unseen = 1000
    (failed,) = [one.failed for one in (await travel(wanted)).lifecycles]
    assert failed.startswith("register: no case")


async def test_open_loop_begins_at_its_moments_whatever_became_of_those_before(
    city: tuple[LittleCity, Journey],
) -> None:
    little, wanted = city
    little.refused = {"sign"}
    paced = structs.replace(wanted, paces=[Pace(20.0, 0.5)])
    moments = sorted(one.at for one in (await travel(paced)).lifecycles)
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert len(moments) == 10
    assert all(abs(gap - 0.05) < 1e-3 for gap in gaps)


def test_steps_and_their_drains() -> None:
    lag = Lag.__new__(Lag)
    lag.seen = [(60.0, 900), (75.0, 900), (121.0, 5000), (122.0, 4000), (140.0, 12), (180.0, 9)]
    lives = [Lifecycle(at + 0.5, 0.2, 0.1, "audit: 503" if at == 70 else "") for at in range(420)]
    travelled = Travelled(requests=[Request("sign", 60.5, 0.3)], lifecycles=lives)
    found = steps(travelled, lag, 60.0)
    assert [step.rate for step in found] == [1, 15, 1, 25, 2, 35, 10]
    assert [step.failed for step in found] == [0, 1, 0, 0, 0, 0, 0]
    assert found[2].drained == pytest.approx(19.5)
    assert found[4].drained == float("inf")
    assert found[0].drained != found[0].drained
    assert found[2].lag == 5000
