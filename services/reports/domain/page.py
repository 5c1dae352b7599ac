"""What a report's page is made of: sections with sentences and tables, and the words that a city has of its own."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from services.reports.domain.wording import COLUMNS, Lang, word

OTHER = "99"
"""The topic under which unknown codes are counted."""
TOPIC = 2
"""Digits of a topic's code; those of its sub-topics begin with it (domain.md §6.2)."""


class Table(Struct, frozen=True, kw_only=True):
    """`numeric`: columns that hold numbers."""

    headers: list[str]
    rows: list[list[str]]
    numeric: list[bool]


class Section(Struct, frozen=True, kw_only=True):
    name: str
    title: str
    sentences: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


class Words(Struct, frozen=True, kw_only=True):
    """A city's own words: sentences by section, and names of topics (and sub-topics), areas and units by code."""

    sentences: Mapping[str, Sequence[str]]
    topics: Mapping[str, str]
    areas: Mapping[str, str]
    units: Mapping[str, str]

    def matter(self, code: str) -> str:
        """The topic that a code is counted under."""
        return code[:TOPIC] if not code or code[:TOPIC] in self.topics else OTHER

    def topic(self, code: str, lang: Lang = "zh") -> str:
        """A topic's name; that of its parent, or 其他, where the city does not know the code."""
        if not code:
            return "未分类" if lang == "zh" else "none"
        return self.topics.get(code) or self.topics.get(self.matter(code), "其他")


def covers(topic: str, code: str) -> bool:
    """Whether who asks for this topic means a case of this code: a topic takes in its sub-topics."""
    return code.startswith(topic) if len(topic) == TOPIC else code == topic


def table_of(columns: Sequence[str], rows: list[list[str]], numeric: Sequence[bool], lang: Lang) -> Table:
    """A table under the columns' words."""
    return Table(headers=[word(COLUMNS, one, lang) for one in columns], rows=rows, numeric=list(numeric))


def minute_of(iso: str) -> str:
    """Month, day and minute of a moment; a dash for none."""
    return f"{iso[5:10]} {iso[11:16]}" if iso else "—"
