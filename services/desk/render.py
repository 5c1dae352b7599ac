"""Pages and fragments: Jinja templates, words of the person's language, and the ways a time or a name is written."""

import secrets
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.desk.policy import Choice, City
from services.desk.session import LANGUAGE, LANGUAGES, YEAR_S, Visitor, language
from shared.clock import CHINA, Clock

HERE = Path(__file__).parent
Words = dict[str, str]


@cache
def load_words(lang: str) -> Words:
    """The catalogue of a language, flat: `agent.title` → text."""
    tree = yaml.safe_load((HERE / "words" / f"{lang}.yaml").read_text(encoding="utf-8"))
    return dict(_flat(tree, ""))


def _flat(tree: dict[str, Any], prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        found += _flat(value, f"{name}.") if isinstance(value, dict) else [(name, str(value))]
    return found


class Speech:
    """What a template says in one language."""

    def __init__(self, lang: str, city: City, now: datetime) -> None:
        self.lang = lang
        self._words = load_words(lang)
        self._city = city
        self._now = now

    def t(self, key: str, **values: object) -> str:
        """Words by key; raises KeyError for one that the catalogue lacks."""
        return self._words[key].format(**values)

    def word(self, group: str, code: str) -> str:
        """Words for a code that others may extend; an unknown code is shown as it is."""
        return self._words.get(f"{group}.{code}", code)

    def figure(self, one: dict[str, Any]) -> str:
        """A figure of the reports service, with its unit."""
        value, unit = one.get("value"), one.get("unit", "")
        return "–" if value is None else f"{value:g} {self.word('unit', unit) if unit else ''}".strip()

    def __contains__(self, key: str) -> bool:
        return key in self._words

    def unit(self, code: str) -> str:
        known = self._city.units.get(code)
        return (known.name if self.lang == LANGUAGES[0] else known.english) if known else code

    def transfer_reason(self, code: str) -> str:
        """Why a transfer ended or was refused."""
        known = self._city.transfer_reasons.get(code)
        return self.name(known) if known else self.word("reason", code)

    def choice(self, choices: tuple[Choice, ...], code: str) -> str:
        return next((self.name(one) for one in choices if one.code == code), code)

    def name(self, choice: Any) -> str:
        return str(choice.name if self.lang == LANGUAGES[0] else choice.english)

    def actor(self, actor: str) -> str:
        """`unit:…` by its name; `agent:17` as role and id."""
        role, _, subject = actor.partition(":")
        return self.unit(subject) if role == "unit" else f"{self.word('role', role)} {subject}".strip()

    def when(self, moment: datetime | None) -> str:
        return moment.astimezone(CHINA).strftime("%m-%d %H:%M") if moment else "–"

    def clock(self, written: str) -> str:
        """A moment as another service writes it; what is none is shown as it is."""
        try:
            return self.when(datetime.fromisoformat(written))
        except (ValueError, OverflowError):
            return written

    def left(self, due: datetime | None) -> str:
        """Time left or overdue, in the two largest units."""
        if due is None:
            return "–"
        minutes = int(abs((due - self._now).total_seconds()) // 60)
        days, hours = divmod(minutes // 60, 24)
        span = self.t("time.days", d=days, h=hours) if days else self.t("time.hours", h=hours, m=minutes % 60)
        return self.t("time.overdue" if due < self._now else "time.left", span=span)

    def light(self, due: datetime | None) -> str:
        """`late`, `soon` (due within a day), `fine` or nothing."""
        if due is None:
            return ""
        seconds = (due - self._now).total_seconds()
        return "late" if seconds < 0 else "soon" if seconds < 86_400 else "fine"


class Renderer:
    """Makes responses of templates."""

    def __init__(self, city: City, clock: Clock) -> None:
        self._city = city
        self._clock = clock
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def speech(self, lang: str) -> Speech:
        return Speech(lang, self._city, self._clock.now())

    def page(
        self, request: Request, template: str, visitor: Visitor | None = None, *, status: int = 200, **more: Any
    ) -> HTMLResponse:
        """A page or fragment (`_name.html`) in the person's language."""
        lang = language(request)
        speech = self.speech(lang)
        context: dict[str, Any] = {
            "s": speech, "t": speech.t, "lang": lang, "city": self._city, "who": visitor.who if visitor else None,
            "now": self._clock.now(), "path": request.url.path, "query": dict(request.query_params),
            "new_key": new_key, **more,
        }  # fmt: skip
        response = HTMLResponse(self._environment.get_template(template).render(context), status_code=status)
        if request.query_params.get("lang") in LANGUAGES:
            response.set_cookie(LANGUAGE, lang, max_age=YEAR_S, samesite="lax", httponly=True, path="/")
        return response


def new_key() -> str:
    """An Idempotency-Key for a form: sent twice it is one wish, shown again it is another."""
    return secrets.token_hex(12)
