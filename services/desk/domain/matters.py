"""The matters of one call as its agent's desk keeps them: the draft of the next one, and what is saved already."""

from msgspec import Struct, convert

from shared.documents import Document

CHOSEN = frozenset({"request_type", "urgent"})
"""Fields of the form that begin no matter by themselves."""


class Matters(Struct, frozen=True, kw_only=True):
    """`matter` is the next one; `drafted` is the one that `fields` belong to; `saved`: matter → mark of its content.

    `attached`: the call was added to a case. `finished`: its agent said that it is over.
    """

    matter: int = 1
    fields: dict[str, str] = {}
    drafted: int = 0
    saved: dict[str, str] = {}
    attached: bool = False
    finished: bool = False

    @property
    def draft(self) -> dict[str, str]:
        """What was typed of the next matter; a draft without a number is from before drafts had one."""
        return self.fields if self.drafted in (0, self.matter) else {}

    @property
    def typed(self) -> bool:
        """Something was typed of the next matter, which is not saved."""
        return any(text for name, text in self.draft.items() if name not in CHOSEN)

    @property
    def left(self) -> bool:
        """Nothing came of the call yet, or something was typed that is not saved."""
        return not self.finished and (self.typed or not (self.saved or self.attached))

    def differs(self, matter: int, mark: str) -> bool:
        """Whether this matter is saved already, with other content."""
        return matter < self.matter and self.saved.get(str(matter)) != mark

    def with_saved(self, matter: int, mark: str) -> Document:
        """What changes when a matter is saved; saved once more it takes nothing from the draft of the next one."""
        saved = {"saved": {**self.saved, str(matter): mark}}
        return saved if matter < self.matter else {**saved, "matter": matter + 1, "fields": {}}


def matters_of(document: Document) -> Matters:
    """From the stored document."""
    return convert(document, Matters)
