"""The city's own articles are found by what people say; the figure falls when the cutting or the weights break."""

import pytest

from bench.retrieval import indexed, sample, score
from services.knowledge.index import WEIGHTS


async def test_a_phrasing_left_out_still_finds_its_article() -> None:
    got = score(await indexed(sample()), WEIGHTS)
    assert got.asked > 90
    assert got.at_5 > 0.9
    assert got.mrr > 0.8


@pytest.mark.parametrize(
    ("said", "answer"),
    [("我们小区啥时候能解封呀", "封闭"), ("饿死了没菜吃，菜送不进来", "物资"), ("暖气一点都不热", "供热")],
)
async def test_what_people_say_finds_the_answer(said: str, answer: str) -> None:
    ((index, _), *_) = await indexed(trials := sample()[-1:])
    texts = {article.id: article.answer for article in trials[0].articles}
    assert any(answer in texts[hit.article] for hit in index.search(said, 3))
