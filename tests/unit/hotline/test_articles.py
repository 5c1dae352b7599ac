"""Articles from a file: what a line gives, and what the platform's answers mean."""

import json
import lzma
from pathlib import Path

import httpx
import pytest

from hotline.articles import Unusable, read_articles, send


def test_phrasings_become_similar_questions_and_other_fields_stay_out(tmp_path: Path) -> None:
    path = tmp_path / "faq.jsonl.xz"
    line = json.dumps({"id": "7", "questions": ["a", "b", "c"], "answer": "x", "topic": "t"})
    with lzma.open(path, "wt") as file:
        file.write(f"{line}\n\n")
    assert list(read_articles(path)) == [{"question": "a", "similar": ["b", "c"], "answer": "x", "topic": "t"}]


@pytest.mark.parametrize("line", ["{", "[]", '{"question": "q"}', '{"answer": "a", "questions": 5}'])
def test_a_line_without_an_article_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(f'{{"question": "q", "answer": "a"}}\n{line}\n')
    with pytest.raises(Unusable, match="line 2"):
        list(read_articles(path))


async def test_what_is_known_is_kept_and_what_is_wrong_is_counted() -> None:
    def platform(request: httpx.Request) -> httpx.Response:
        question = json.loads(request.content)["question"]
        status = {"new": 201, "known": 409}.get(question, 422)
        return httpx.Response(status, json={"detail": "too long"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(platform), base_url="http://k") as client:
        loaded = await send(client, iter({"question": one} for one in ("new", "known", "bad", "bad")))
    assert (loaded.written, loaded.kept, loaded.refused) == (1, 1, {"too long": 2})


async def test_a_platform_that_fails_is_no_refusal() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(503))
    async with httpx.AsyncClient(transport=transport, base_url="http://k") as client:
        with pytest.raises(httpx.HTTPStatusError):
            await send(client, iter([{"question": "q"}]))
