"""The daily report as DOCX and XLSX: the same words and figures, with fonts for Chinese, numbers as numbers."""

import io
import zipfile
from xml.etree import ElementTree

import docx
import pytest
from docx.oxml.ns import qn

from services.reports.documents import HEI, SONG, docx_of, xlsx_of
from services.reports.press import Press
from tests.unit.reports.test_figures import CALLS, a_day
from tests.unit.reports.world import DAY, FILE, WORDS, registered

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
async def content() -> dict[str, object]:
    world = await a_day()
    await world.read(*CALLS)
    snapshot = await world.office.make(world.office.today())
    assert snapshot.date == DAY
    return Press(FILE, WORDS, None).content(snapshot, "zh")


async def test_word_gets_every_sentence_and_table_in_chinese_fonts(content: dict[str, object]) -> None:
    document = docx.Document(io.BytesIO(docx_of(content)))
    texts = [paragraph.text for paragraph in document.paragraphs]
    sections = content["sections"]
    assert isinstance(sections, list)
    for section in sections:
        assert section["title"] in texts
        assert set(section["sentences"]) <= set(texts)
    cells = [[[cell.text for cell in row.cells] for row in table.rows] for table in document.tables]
    assert cells == [[one["headers"], *one["rows"]] for section in sections for one in section["tables"]]
    fonts = {fonts.get(qn("w:eastAsia")) for fonts in document.element.iter(qn("w:rFonts"))}
    assert fonts == {SONG, HEI}


async def test_one_title_with_a_control_character_costs_no_day_its_report() -> None:
    world = await a_day()
    await world.tell("p0", registered("p0", priority="P0", title="老人\x0b断药\ufffe", text="x\x00y"))
    press = Press(FILE, WORDS, None)
    content = press.content(await world.office.make(world.office.today()), "zh")
    document = docx.Document(io.BytesIO(docx_of(content)))
    assert "老人断药" in {cell.text for table in document.tables for row in table.rows for cell in row.cells}
    assert xlsx_of(content).startswith(b"PK")


async def test_sheets_hold_numbers_as_numbers(content: dict[str, object]) -> None:
    with zipfile.ZipFile(io.BytesIO(xlsx_of(content))) as book:
        names = [
            sheet.get("name") for sheet in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{MAIN}sheet")
        ]
        first = ElementTree.fromstring(book.read("xl/worksheets/sheet2.xml"))
    assert names[:2] == ["一、话务概况", "二、受理概况"]
    values = [float(value.text or "") for cell in first.iter(f"{MAIN}c") if cell.get("t") is None for value in cell]
    assert 3.0 in values, "three cases of a type"
    assert any(0 < value < 1 for value in values), "a share is a fraction shown as percent"


def test_a_report_without_tables_and_a_text_that_looks_like_a_formula() -> None:
    bare = {
        "title": "t", "issue": "i", "date": "d", "issuer": "s", "secrecy": "", "period": "", "recipients": "",
        "labels": {"period": "p", "recipients": "r"}, "sections": [],
    }  # fmt: skip
    assert xlsx_of(bare).startswith(b"PK")
    table = {"headers": ["a"], "rows": [["=1+1"]], "numeric": [False]}
    odd = {**bare, "sections": [{"title": "a/b:*?[]", "sentences": [], "tables": [table]}]}
    with zipfile.ZipFile(io.BytesIO(xlsx_of(odd))) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
