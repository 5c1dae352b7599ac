"""Printing daily and special reports: HTML by jinja2, PDF by typst. Data goes into typst as JSON, never as text."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import jinja2
import msgspec
import typst

from services.reports.domain.daily import Snapshot, sections_of
from services.reports.domain.page import Words
from services.reports.domain.special import Special, title_of
from services.reports.domain.special_sections import sections_of as special_sections
from services.reports.domain.wording import Lang
from services.reports.fonts import choose
from services.reports.policy import ReportFile

TEMPLATES = Path(__file__).parent / "templates"
_WEEKDAYS = "一二三四五六日"
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What XML takes from nobody, and what shows nothing: one such sign in one title must not cost a day its report."""


class Press:
    """Can be pickled, so that a worker process prints."""

    def __init__(self, file: ReportFile, words: Words, font_folder: Path | None) -> None:
        self._file = file
        self.words = words
        self._folder = font_folder

    @property
    def units(self) -> frozenset[str]:
        """Codes of the city's units."""
        return frozenset(self.words.units)

    def html(self, snapshot: Snapshot, lang: Lang) -> str:
        """One self-contained page."""
        return _templates().get_template("report.html").render(**self.content(snapshot, lang))

    def pdf(self, snapshot: Snapshot) -> bytes:
        """Raises NoChineseFont."""
        return self._printed(self.content(snapshot, "zh"))

    def special_html(self, special: Special) -> str:
        return _templates().get_template("report.html").render(**self.special_content(special))

    def special_pdf(self, special: Special) -> bytes:
        """Raises NoChineseFont."""
        return self._printed(self.special_content(special))

    def _printed(self, content: dict[str, Any]) -> bytes:
        fonts, song, hei = choose(self._folder)
        data = msgspec.json.encode({**content, "song": song, "hei": hei}).decode()
        made = typst.compile(TEMPLATES / "report.typ", root=TEMPLATES, font_paths=fonts, sys_inputs={"data": data})
        assert isinstance(made, bytes)
        return made

    def special_content(self, special: Special) -> dict[str, Any]:
        """What a template may say; special reports are in Chinese."""
        since, until = special.selection.since, special.selection.until
        return {
            "lang": "zh-CN",
            "title": _printable(title_of(special, self.words)),
            "issuer": self._file.issuer,
            "issue": f"专报第{special.number}期",
            "secrecy": self._file.secrecy,
            "recipients": self._file.recipients,
            "date": _chinese(date.fromisoformat(special.made_at[:10])),
            "period": f"{since[:16].replace('T', ' ')} 至 {until[:16].replace('T', ' ')}",
            "final": bool(special.signed_by),
            "labels": _labels(english=False),
            "sections": _printable(msgspec.to_builtins(special_sections(special, self.words))),
        }

    def content(self, snapshot: Snapshot, lang: Lang) -> dict[str, Any]:
        """What a template may say."""
        file, english = self._file, lang == "en"
        day = date.fromisoformat(snapshot.date)
        return {
            "lang": "en" if english else "zh-CN",
            "title": file.title_english if english else file.title,
            "issuer": file.issuer_english if english else file.issuer,
            "issue": f"No. {snapshot.number}" if english else f"第{snapshot.number}期",
            "secrecy": file.secrecy,
            "recipients": file.recipients,
            "date": day.isoformat() if english else _chinese(day),
            "period": _period(snapshot, english),
            "final": snapshot.final,
            "labels": _labels(english),
            "sections": _printable(msgspec.to_builtins(sections_of(snapshot, self.words, lang))),
        }


def _printable(said: Any) -> Any:
    """The same without unprintable signs, however deep they stand."""
    if isinstance(said, str):
        return _UNPRINTABLE.sub("", said)
    if isinstance(said, dict):
        return {name: _printable(part) for name, part in said.items()}
    return [_printable(part) for part in said] if isinstance(said, list) else said


def _chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日（星期{_WEEKDAYS[day.weekday()]}）"


def _period(snapshot: Snapshot, english: bool) -> str:
    if snapshot.final:
        return "00:00–24:00"
    until = snapshot.made_at[11:16]
    return f"00:00–{until} (provisional)" if english else f"00:00–{until}（当日未结束，暂报）"


def _labels(english: bool) -> dict[str, str]:
    if english:
        return {"period": "Period", "recipients": "To", "written": "Written", "checked": "Checked", "signed": "Signed"}
    return {"period": "统计时段", "recipients": "报送", "written": "编制", "checked": "审核", "signed": "签发"}


def _templates() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
