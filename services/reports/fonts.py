"""Where a Chinese font is: the folder in the settings, an installed font package, or the system; or what is missing."""

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import typst

PACKAGES = ("pylopdf_fonts_zh_cn",)
"""Python packages that carry openly licensed Chinese fonts (Noto Sans SC, Noto Serif SC; SIL OFL 1.1)."""
SONG = ("Noto Serif SC", "Noto Serif CJK SC", "Source Han Serif SC", "SimSun")
HEI = ("Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC", "SimHei", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei")
FIX = "install the Python package pylopdf-fonts-zh-cn, or name a folder of fonts in HOTLINE_FONTS"


class NoChineseFont(RuntimeError):
    """No known Chinese font is there; the text says what brings one."""


def folders(given: Path | None, packages: tuple[str, ...] = PACKAGES) -> list[Path]:
    """Folders to look into beside the system's own."""
    specs = [spec for name in packages if (spec := find_spec(name))]
    found = [Path(place) for spec in specs for place in spec.submodule_search_locations or ()]
    return [given, *found] if given else found


class Chosen(NamedTuple):
    """Fonts to print with, and the families for running text (`song`) and headings (`hei`), best first."""

    fonts: typst.Fonts
    song: list[str]
    hei: list[str]


@lru_cache(maxsize=8)
def choose(folder: Path | None, system: bool = True, packages: tuple[str, ...] = PACKAGES) -> Chosen:
    """Looked for once; one kind of family stands in for the other. Raises NoChineseFont."""
    fonts = typst.Fonts(include_system_fonts=system, font_paths=[str(place) for place in folders(folder, packages)])
    there = set(fonts.families())
    song, hei = [one for one in SONG if one in there], [one for one in HEI if one in there]
    if not song and not hei:
        raise NoChineseFont(f"this machine has no Chinese font: {FIX}")
    return Chosen(fonts, song or hei, hei or song)
