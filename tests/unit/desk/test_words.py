"""Both languages say everything that the templates ask for."""

import re

import pytest

from services.desk.domain.citizen import STEPS
from services.desk.domain.forms import _BODIES
from services.desk.render import HERE, load_words
from services.desk.session import LANGUAGES
from shared.events.cases import CASES

TEMPLATES = {path.name: path.read_text(encoding="utf-8") for path in (HERE / "templates").glob("*.html")}


def test_the_catalogues_have_the_same_keys_and_placeholders() -> None:
    one, other = (load_words(lang) for lang in LANGUAGES)
    assert set(one) == set(other)
    for key, text in one.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", other[key])), key


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_templates_ask_only_for_words_that_exist(name: str) -> None:
    asked = set(re.findall(r"""\bt\(["']([a-zA-Z_.]+)["'][,)]""", TEMPLATES[name]))
    assert asked <= set(load_words("en"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_event_step_and_verb_has_words(lang: str) -> None:
    wanted = {f"event.{name.removesuffix('.v1')}" for name in CASES.models}
    wanted |= {f"step.{name}" for name in STEPS} | {f"verb.{verb}" for verb in _BODIES}
    assert wanted <= set(load_words(lang))


def test_templates_hold_no_inline_script_or_style() -> None:
    for name, text in TEMPLATES.items():
        assert not re.search(r"\bon[a-z]+=|style=|<style|hx-on|javascript:", text), name
