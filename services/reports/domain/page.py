"""What a report's page is made of: sections with sentences and tables, and the words that a city has of its own."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from services.reports.domain.wording import COLUMNS, Lang, word


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
    """A city's own words: sentences by section, and names of topics, areas and units by code."""

    sentences: Mapping[str, Sequence[str]]
    topics: Mapping[str, str]
    areas: Mapping[str, str]
    units: Mapping[str, str]


def table_of(columns: Sequence[str], rows: list[list[str]], numeric: Sequence[bool], lang: Lang) -> Table:
    """A table under the columns' words."""
    return Table(headers=[word(COLUMNS, one, lang) for one in columns], rows=rows, numeric=list(numeric))


def minute_of(iso: str) -> str:
    """Month, day and minute of a moment; a dash for none."""
    return f"{iso[5:10]} {iso[11:16]}" if iso else "—"
