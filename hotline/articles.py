"""Articles from a file to a running platform: JSON lines of question and answer, also packed by xz."""

import asyncio
import json
import lzma
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx

AT_ONCE = 8
FIELDS = frozenset(
    {"question", "answer", "similar", "spoken", "unit", "basis", "region", "topic", "ivr", "valid_from", "valid_to"}
)
MOST_SIMILAR = 20


class Unusable(ValueError):
    """A line holds no article; the text names the line."""


class Loaded(NamedTuple):
    """`kept`: known already, perhaps with another content, which stays. `refused`: the first words for each reason."""

    written: int
    kept: int
    refused: dict[str, int]


def read_articles(path: Path) -> Iterator[dict[str, Any]]:
    """Bodies as the platform takes them; `questions` is a list of phrasings, other fields are left out.

    Raises Unusable and OSError.
    """
    with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _body(f"{path}, line {number}", line)


def _body(place: str, line: str) -> dict[str, Any]:
    try:
        given = json.loads(line)
        phrasings = given.get("questions") or [given["question"]]
        body = {name: value for name, value in given.items() if name in FIELDS}
        similar = [*phrasings[1:], *given.get("similar", ())][:MOST_SIMILAR]
        return {**body, "question": phrasings[0], "answer": given["answer"], "similar": similar}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unusable(f"{place}: no question and answer: {error!r}") from error


async def send(client: httpx.AsyncClient, bodies: Iterator[dict[str, Any]]) -> Loaded:
    """Write each as an article, a few at once. Raises httpx.HTTPError where the platform does not answer."""
    counts: Counter[str] = Counter()

    async def work() -> None:
        for body in bodies:
            answer = await client.post("/articles", json=body)
            counts[_outcome(answer)] += 1

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    written, kept = counts.pop("written", 0), counts.pop("kept", 0)
    return Loaded(written, kept, dict(counts))


def _outcome(answer: httpx.Response) -> str:
    if answer.status_code == 201:
        return "written"
    if answer.status_code == 409:
        return "kept"
    if answer.status_code != 422:
        answer.raise_for_status()
    return str(answer.json().get("detail", answer.text))[:200]
