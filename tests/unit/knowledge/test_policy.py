"""The articles a city begins with: each once, each spoken text in a place that the menu has."""

from pathlib import Path

import pytest

from services.intake.policy import load_ivr
from services.knowledge.domain.articles import article_id
from services.knowledge.policy import load_articles
from shared.policy import PolicyError, load_units

POLICY = Path(__file__).parents[3] / "policy" / "130100"
ARTICLES = load_articles(POLICY)


def test_every_article_is_there_once_and_of_a_known_unit() -> None:
    assert len(ARTICLES) >= 20
    assert len({article_id(article) for article in ARTICLES}) == len(ARTICLES)
    assert {article.unit for article in ARTICLES} <= {"", *load_units(POLICY).by_code()}


def test_what_feeds_the_menu_has_a_place_there() -> None:
    menus = load_ivr(POLICY).menus
    places = {f"{name}.{key}" for name, menu in menus.items() for key, choice in menu.keys.items() if choice.play}
    assert {article.ivr for article in ARTICLES} - {""} == places


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "knowledge.jsonl").write_text('{"question": "q", "answer": "a"}\n{"question": "q"}\n')
    with pytest.raises(PolicyError, match="line 2"):
        load_articles(tmp_path)


def test_a_city_may_begin_with_nothing(tmp_path: Path) -> None:
    assert load_articles(tmp_path) == ()
