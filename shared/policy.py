"""Reading a city's policy: a folder of YAML, one pydantic model per file, each with a version that decisions record."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

Model = TypeVar("Model", bound=BaseModel)
_NAMES = ("id", "code", "step")
"""What an entry of a list is known by, for whoever reads that it is wrong."""


class PolicyError(ValueError):
    """A policy file is missing or wrong; the text names the file and the place."""


class Policy(BaseModel):
    """Base of every policy model: frozen, and a key nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class City(Policy):
    """city.yaml: names, the first letters of case numbers, and the telephone area code with its 0."""

    version: str
    name: str
    english: str
    number_prefix: str
    area_code: str


class Unit(Policy):
    """A department: its code, names, area, the unit above it, and whether it reads a feed topic."""

    code: str
    name: str
    english: str
    area: str = ""
    parent: str = ""
    topics: tuple[str, ...] = ()
    feed: Literal["kafka", "http"] = "http"


class Units(Policy):
    """units.yaml"""

    version: str
    units: tuple[Unit, ...]

    @model_validator(mode="after")
    def _tree(self) -> "Units":
        if faults := [*_faults(self.units)]:
            raise ValueError("; ".join(faults))
        return self

    def by_code(self) -> dict[str, Unit]:
        return {unit.code: unit for unit in self.units}


def _faults(units: Sequence[Unit]) -> Iterator[str]:
    """Units that are there twice, and those whose way up ends nowhere or leads back to them."""
    parents = {unit.code: unit.parent for unit in units}
    yield from (f"{code} is there twice" for code, count in Counter(one.code for one in units).items() if count > 1)
    yield from (f"{one.code} lies below unknown unit {one.parent}" for one in units if one.parent not in ("", *parents))
    yield from (f"{code} lies below itself" for code in parents if code in _above(code, parents))


def _above(code: str, parents: Mapping[str, str]) -> list[str]:
    found: list[str] = []
    while (code := parents.get(code, "")) and code not in found:
        found.append(code)
    return found


def load(folder: Path, name: str, model: type[Model]) -> Model:
    """Read `<folder>/<name>.yaml`; raises PolicyError."""
    return read(folder / f"{name}.yaml", model)


def read(path: Path, model: type[Model]) -> Model:
    """Read one file of policy; raises PolicyError."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PolicyError(f"{path}: {error}") from error
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        faults = [f"{_place(one['loc'], raw)}{one['msg'].removeprefix('Value error, ')}" for one in error.errors()]
        raise PolicyError("\n".join(f"{path}: {fault}" for fault in faults)) from error


def _place(steps: Sequence[str | int], raw: Any) -> str:
    """`limits.praise.resolve: `, entries of lists by what they are known by; empty where it is the whole file."""
    names: list[str] = []
    for step in steps:
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            raw = None
        names.append(_name(step, raw))
    return ".".join(names) + ": " if names else ""


def _name(step: str | int, entry: Any) -> str:
    known = entry if isinstance(step, int) and isinstance(entry, dict) else {}
    return str(next((known[name] for name in _NAMES if name in known), step))


def load_city(folder: Path) -> City:
    return load(folder, "city", City)


def load_units(folder: Path) -> Units:
    return load(folder, "units", Units)


class Topic(BaseModel):
    """One entry of topics.yaml: a topic, or a sub-topic, whose code begins with that of its topic."""

    code: str
    name: str


class TopicList(BaseModel):
    """The list in topics.yaml, whose other entries are dispatch's."""

    topics: tuple[Topic, ...]


def load_topic_names(folder: Path) -> dict[str, str]:
    """Names of topics and sub-topics by code; raises PolicyError."""
    return {topic.code: topic.name for topic in load(folder, "topics", TopicList).topics}


def feed_units(folder: Path) -> tuple[str, ...]:
    """Codes of the units that have a feed topic and an answers topic."""
    return tuple(unit.code for unit in load_units(folder).units if unit.feed == "kafka")
