"""Reading a city's policy: a folder of YAML, one pydantic model per file, each with a version that decisions record."""

from pathlib import Path
from typing import Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

Model = TypeVar("Model", bound=BaseModel)


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

    def by_code(self) -> dict[str, Unit]:
        return {unit.code: unit for unit in self.units}


def load(folder: Path, name: str, model: type[Model]) -> Model:
    """Read `<folder>/<name>.yaml`; raises PolicyError."""
    return read(folder / f"{name}.yaml", model)


def read(path: Path, model: type[Model]) -> Model:
    """Read one file of policy; raises PolicyError."""
    try:
        return model.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise PolicyError(f"{path}: {error}") from error


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
