"""Reading a story: every mistake is told with file, line and place, before anything is started."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from hotline.story.check import problems
from hotline.story.script import Story
from shared.policy import Units, load_units

NIGHTS = Path(__file__).parent / "nights"
_PLACE = re.compile(r" - at `\$(.*)`$")
_PARTS = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


class BadStory(ValueError):
    """The file tells no story that could be played; the text says where, one line for each mistake."""


def names() -> list[str]:
    """The stories that ship with the tool."""
    return sorted(path.stem for path in NIGHTS.glob("*.yaml"))


def find(name: str) -> Path:
    """A shipped story by its name, or a file by its path. Raises BadStory."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else NIGHTS / f"{name}.yaml"
    if not path.is_file():
        raise BadStory(f"there is no story {name!r}; give one of {', '.join(names())}, or a .yaml file")
    return path


def read_story(path: Path, policies: Path, city: str = "130100") -> Story:
    """A story of this city, checked against the folders of `policies`. Raises BadStory."""
    try:
        text = path.read_text(encoding="utf-8")
        root, content = yaml.compose(text), yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadStory(f"{path}: {error}") from error
    try:
        story = msgspec.convert(content, Story)
    except msgspec.ValidationError as error:
        raise BadStory(_placed(path, root, *_split(str(error)))) from error
    units = _units(policies, city, {actor.city for actor in story.actors.values()})
    found = [_placed(path, root, place, what) for place, what in problems(story, units)]
    if found:
        raise BadStory("\n".join(found))
    return story


def _units(policies: Path, home: str, cities: set[str]) -> dict[str, Units]:
    """Units by city; a city without a policy is left out."""
    folders = {city: policies / (city or home) for city in {"", *cities}}
    return {city: load_units(folder) for city, folder in folders.items() if folder.is_dir()}


def _split(text: str) -> tuple[str, str]:
    """msgspec's words → place like `steps[3].who`, and what is wrong there."""
    found = _PLACE.search(text)
    return (found[1].lstrip("."), text[: found.start()]) if found else ("", text)


def _placed(path: Path, root: Any, place: str, what: str) -> str:
    return f"{path}, line {_line(root, place)}: {place or 'the whole file'}: {what}"


def _line(node: Any, place: str) -> int:
    """The line of the innermost part of the place that stands in the file."""
    line = 1
    for part in _parts(place):
        if node is not None:
            line = node.start_mark.line + 1
        node = _child(node, part)
    return node.start_mark.line + 1 if node is not None else line


def _parts(place: str) -> Iterator[str | int]:
    for name, index in _PARTS.findall(f".{place}"):
        yield int(index) if index else name


def _child(node: Any, part: str | int) -> Any:
    if isinstance(part, int):
        items = node.value if isinstance(node, yaml.SequenceNode) else []
        return items[part] if part < len(items) else None
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for key, value in pairs if key.value == part), None)
