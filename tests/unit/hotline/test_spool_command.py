"""hotline spool: each replica of intake is asked for its own; an entry is settled where it lies."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.hotline.services import SECRET, Service, service
from tests.unit.hotline.test_commands import invoke

ENTRY = {
    "entry": "intake.2/normal/7", "at": "2021-01-13T04:00:00+08:00", "reason": "Refused('too large')",
    "records": [{"topic": "130100.contacts", "key": "c-1", "value": "the whole of it"}],
}  # fmt: skip
PATH = "/spool/refused/intake.2/normal/7/settled"
ELSEWHERE = (404, {"reason": "other_replica", "detail": "intake.2/normal/7 lies at intake.2; this is intake.1"})


@pytest.fixture
def replicas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Service, Service]]:
    """Two of a platform that was started here; the second one has a refused request."""
    monkeypatch.chdir(tmp_path)
    first = {("GET", "/spool/refused"): (200, {"replica": "intake.1", "items": []}), ("PUT", PATH): ELSEWHERE}
    second = {
        ("GET", "/spool/refused"): (200, {"replica": "intake.2", "items": [ENTRY]}),
        ("PUT", PATH): (200, {"settled": "intake.2/normal/7"}),
    }
    with service(first) as one, service(second) as two:
        place = tmp_path / ".hotline" / "130100"
        place.mkdir(parents=True)
        known = {"kafka": "k", "mongo": "m", "services": {"intake": [one.url, two.url]}}
        (place / "addresses.json").write_text(json.dumps(known))
        (place / "secrets.json").write_text(json.dumps({"jwt_secret": SECRET}))
        yield one, two


@pytest.mark.usefixtures("replicas")
def test_every_replica_tells_what_it_has() -> None:
    code, out, _ = invoke("spool", "list")
    first, second = out.splitlines()
    assert (code, first) == (0, "intake.1  nothing refused")
    assert second == "intake.2/normal/7  2021-01-13T04:00:00+08:00  130100.contacts c-1  Refused('too large')"


@pytest.mark.usefixtures("replicas")
def test_an_entry_is_shown_whole() -> None:
    code, out, _ = invoke("spool", "show", "intake.2/normal/7")
    assert code == 0
    assert "the whole of it" in out
    assert invoke("spool", "show", "intake.2/normal/8")[0] == 2


def test_an_entry_is_settled_at_the_replica_where_it_lies(replicas: tuple[Service, Service]) -> None:
    code, out, _ = invoke("spool", "settle", "intake.2/normal/7", "--why", "the citizen was called")
    assert (code, out) == (0, "intake.2/normal/7 settled\n")
    assert json.loads(replicas[1].asked[-1].body) == {"why": "the citizen was called"}


def test_a_replica_that_is_named_is_asked_alone(replicas: tuple[Service, Service]) -> None:
    code, _, err = invoke("spool", "settle", "intake.2/normal/7", "--why", "x", "--at", replicas[0].url)
    assert (code, err) == (1, "intake.2/normal/7 lies at intake.2; this is intake.1\n")
    assert replicas[1].asked == []


@pytest.mark.usefixtures("replicas")
def test_what_is_no_entry_is_refused_before_anybody_is_asked() -> None:
    code, _, err = invoke("spool", "settle", "7", "--why", "x", columns=200)
    assert code == 2
    assert "replica/lane/number" in err
