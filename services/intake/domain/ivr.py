"""The spoken menu of the surge: which key leads where, as data of the city (domain.md §13)."""

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct
from pydantic import Field

from shared.policy import Policy

Texts = Callable[[str], str]
"""Place in the menus (`policy.1`) → what knowledge says there now, or empty."""
Action = Literal["menu", "play", "repeat", "wrong", "person", "urgent"]


class Step(Struct, frozen=True, kw_only=True):
    """What follows a key: the menu the caller is in now, what to do, what to say, and the wrong keys so far.

    `person` and `urgent` connect to an agent, `urgent` before all others; everything else waits for the next key.
    """

    menu: str
    action: Action
    prompt: str
    wrong_keys: int = 0


class Choice(Policy):
    """What a key does: opens a menu, plays a text, or asks for a person at once."""

    menu: str = ""
    play: str = ""
    connect: Literal["", "person", "urgent"] = ""


class Menu(Policy):
    prompt: str
    keys: dict[str, Choice]


class District(Policy):
    """One entry of the districts' menu; `key` is what the caller enters."""

    key: str
    code: str
    name: str
    number: str


class Districts(Policy):
    """The menu of the districts' own numbers; `text` is spoken with {name} and {number}."""

    menu: str
    prompt: str
    text: str
    entries: tuple[District, ...]

    def as_menu(self) -> Menu:
        said = {entry.key: self.text.format(name=entry.name, number=entry.number) for entry in self.entries}
        return Menu(prompt=self.prompt, keys={key: Choice(play=text) for key, text in said.items()})


class Spoken(Policy):
    """The sentences that belong to no menu."""

    person: str
    urgent: str
    wrong: str
    hint: str
    """Ends every text: a person can be reached at any point."""


class Ivr(Policy):
    """ivr.yaml"""

    version: str
    greeting: str
    start: str
    surge: bool = True
    """Whether the menu plays while nobody has switched it; GB/T 33358 advises against menus outside a surge."""
    person_key: str = "0"
    repeat_key: str = "*"
    no_key_s: float = 5
    """Seconds without a key after which the telephone system sends an empty key."""
    max_wrong_keys: int = Field(default=2, ge=1)
    menus: dict[str, Menu]
    districts: Districts
    spoken: Spoken

    def all_menus(self) -> dict[str, Menu]:
        return {**self.menus, self.districts.menu: self.districts.as_menu()}

    def problems(self) -> list[str]:
        """What a city's file says that cannot be followed."""
        menus = self.all_menus()
        missing = [] if self.start in menus else [f"no start menu {self.start!r}"]
        return missing + [
            f"menu {name}, key {key}: no menu {choice.menu!r}"
            for name, menu in menus.items()
            for key, choice in menu.keys.items()
            if choice.menu and choice.menu not in menus
        ]


class Voice:
    """Steps through a city's menu; its texts follow knowledge, and the city's file where that says nothing."""

    def __init__(self, ivr: Ivr, texts: Texts = lambda place: "") -> None:
        self.ivr = ivr
        self._menus = ivr.all_menus()
        self._texts = texts

    def begin(self, surge: bool) -> Step:
        """What a caller hears first: in a surge the menu, else a person comes."""
        start = self.ivr.start
        if not surge:
            prompt = f"{self.ivr.greeting}{self.ivr.spoken.person}"
            return Step(menu=start, action="person", prompt=prompt)
        return Step(menu=start, action="menu", prompt=f"{self.ivr.greeting}{self._menus[start].prompt}")

    def step(self, menu: str, key: str, wrong_keys: int = 0) -> Step:
        """What the key does in the menu. No key, or a menu that is not (or no longer) there, leads to a person."""
        if menu not in self._menus or key in ("", self.ivr.person_key):
            return self._connect(menu, "person", wrong_keys)
        if key == self.ivr.repeat_key:
            return Step(menu=menu, action="repeat", prompt=self._menus[menu].prompt, wrong_keys=wrong_keys)
        choice = self._menus[menu].keys.get(key)
        return self._chosen(menu, key, choice, wrong_keys) if choice else self._wrong(menu, wrong_keys + 1)

    def shown(self, surge: bool) -> dict[str, Any]:
        """The menu as callers hear it now."""
        body = self.ivr.model_dump(mode="json") | {"surge": surge}
        for name, menu in body["menus"].items():
            for key, choice in menu["keys"].items():
                choice["play"] = choice["play"] and self._text(name, key, choice["play"])
        return body

    def _text(self, menu: str, key: str, default: str) -> str:
        text, hint = self._texts(f"{menu}.{key}") or default, self.ivr.spoken.hint
        return text if text.endswith(hint) else f"{text}{hint}"

    def _chosen(self, menu: str, key: str, choice: Choice, wrong_keys: int) -> Step:
        if choice.connect:
            return self._connect(menu, choice.connect, wrong_keys)
        if choice.menu:
            prompt = self._menus[choice.menu].prompt
            return Step(menu=choice.menu, action="menu", prompt=prompt, wrong_keys=wrong_keys)
        return Step(menu=menu, action="play", prompt=self._text(menu, key, choice.play), wrong_keys=wrong_keys)

    def _wrong(self, menu: str, wrong_keys: int) -> Step:
        if wrong_keys >= self.ivr.max_wrong_keys:
            return self._connect(menu, "person", wrong_keys)
        prompt = f"{self.ivr.spoken.wrong}{self._menus[menu].prompt}"
        return Step(menu=menu, action="wrong", prompt=prompt, wrong_keys=wrong_keys)

    def _connect(self, menu: str, action: Literal["person", "urgent"], wrong_keys: int) -> Step:
        prompt = self.ivr.spoken.urgent if action == "urgent" else self.ivr.spoken.person
        return Step(menu=menu, action=action, prompt=prompt, wrong_keys=wrong_keys)
