"""The report's own file of a city, report.yaml: titles, sentences, names, stop words and the triggers of alerts."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from services.reports.domain.alerts import Triggers
from services.reports.domain.daily import fields_of
from services.reports.domain.figures import figures_of
from services.reports.domain.marks import tally_of
from services.reports.domain.page import Words
from services.reports.domain.wording import SECTIONS
from shared.policy import Policy, load, load_topic_names, load_units

Hours = Annotated[float, Field(gt=0, le=168)]
Cases = Annotated[int, Field(ge=1)]
_SUFFIXES = ("_change", "_week")


class TriggerLimits(Policy):
    """See domain/alerts.py, Triggers."""

    window_h: Hours
    topic_cases: Cases
    times_usual: Annotated[float, Field(ge=1)]
    times_usual_cases: Cases
    usual_days: Annotated[int, Field(ge=1, le=31)]
    urgent_window_h: Hours
    urgent_cases: Cases
    repeats: Cases


class ReportFile(Policy):
    """report.yaml"""

    version: str
    title: str
    title_english: str
    issuer: str
    issuer_english: str
    recipients: str
    secrecy: str
    triggers: TriggerLimits
    sentences: dict[str, tuple[str, ...]]
    topics: dict[str, str]
    areas: dict[str, str]
    stop_words: str

    @field_validator("sentences")
    @classmethod
    def _known(cls, sentences: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        figures = figures_of("", "", tally_of([])).by_name().keys()
        known = figures | {f"{name}{suffix}" for name in figures for suffix in _SUFFIXES}
        for section, texts in sentences.items():
            if section not in SECTIONS:
                raise ValueError(f"no section {section!r}; there are {', '.join(SECTIONS)}")
            unknown = {name for text in texts for name in fields_of(text)} - known
            if unknown:
                raise ValueError(f"no figure {', '.join(sorted(unknown))}")
        return sentences

    @property
    def limits(self) -> Triggers:
        return Triggers(**self.triggers.model_dump())

    @property
    def stop(self) -> frozenset[str]:
        return frozenset(self.stop_words.split())


def load_report(folder: Path) -> ReportFile:
    """The city's file; raises PolicyError."""
    return load(folder, "report", ReportFile)


def load_words(folder: Path, file: ReportFile) -> Words:
    """The file's words with the names of units and sub-topics; raises PolicyError."""
    units = {unit.code: unit.name for unit in load_units(folder).units}
    topics = {**load_topic_names(folder), **file.topics}
    return Words(sentences=file.sentences, topics=topics, areas=file.areas, units=units)
