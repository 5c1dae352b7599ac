"""A report's content as files that offices work on: DOCX with its words and tables, XLSX with its tables."""

import io
import re
from collections.abc import Mapping
from typing import Any

import docx
import xlsxwriter
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SONG, HEI = "宋体", "黑体"
RED = RGBColor(0xB4, 0, 0)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_SHEET = re.compile(r"[\[\]:*?/\\]")
MOST_SHEET_NAME = 31
LEAST_WIDTH, MOST_WIDTH = 8, 48


def docx_of(content: Mapping[str, Any]) -> bytes:
    """`content` as the templates take it (press.py)."""
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.4)
    _font(document.styles["Normal"], SONG, 11)
    _head(document, content)
    for part in content["sections"]:
        _line(document, part["title"], HEI, 13)
        for sentence in part["sentences"]:
            document.add_paragraph(sentence).paragraph_format.first_line_indent = Pt(22)
        for table in part["tables"]:
            _table(document, table)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _head(document: Any, content: Mapping[str, Any]) -> None:
    _line(document, content["secrecy"], HEI, 10)
    title = _line(document, content["title"], HEI, 24, WD_ALIGN_PARAGRAPH.CENTER)
    title.font.color.rgb = RED
    _line(document, content["issue"], SONG, 12, WD_ALIGN_PARAGRAPH.CENTER)
    _line(document, f"{content['issuer']}    {content['date']}", SONG, 11)
    labels = content["labels"]
    _line(
        document,
        f"{labels['period']}：{content['period']}    {labels['recipients']}：{content['recipients']}",
        SONG,
        10,
    )


def _line(document: Any, text: str, font: str, size: float, align: Any = None) -> Any:
    """A paragraph of one run; returns the run."""
    paragraph = document.add_paragraph()
    paragraph.alignment = align
    run = paragraph.add_run(text)
    _font(run, font, size)
    return run


def _font(styled: Any, name: str, size: float) -> None:
    """Word takes the font of Chinese characters from `w:eastAsia` alone."""
    styled.font.name, styled.font.size = name, Pt(size)
    styled.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), name)


def _table(document: Any, table: Mapping[str, Any]) -> None:
    made = document.add_table(rows=1, cols=len(table["headers"]), style="Table Grid")
    for cell, header in zip(made.rows[0].cells, table["headers"], strict=True):
        _font(cell.paragraphs[0].add_run(header), HEI, 9)
    for row in table["rows"]:
        cells = made.add_row().cells
        for cell, value, numeric in zip(cells, row, table["numeric"], strict=True):
            paragraph = cell.paragraphs[0]
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if numeric else None
            _font(paragraph.add_run(value), SONG, 9)
    document.add_paragraph()


def xlsx_of(content: Mapping[str, Any]) -> bytes:
    """One sheet per section that has tables; numbers and percentages are numbers."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        styles = {
            "head": book.add_format({"font_name": HEI, "bold": True, "bg_color": "#F4ECEC", "border": 1}),
            "text": book.add_format({"font_name": SONG, "border": 1}),
            "percent": book.add_format({"font_name": SONG, "border": 1, "num_format": "0.00%"}),
            "title": book.add_format({"font_name": HEI, "font_size": 13}),
        }
        parts = [part for part in content["sections"] if part["tables"]]
        for part in parts:
            sheet = book.add_worksheet(_SHEET.sub("", part["title"])[:MOST_SHEET_NAME])
            _sheet(sheet, part, f"{content['title']} {content['issue']} {content['date']}", styles)
        if not parts:
            book.add_worksheet("—")
    return file.getvalue()


def _sheet(sheet: Any, part: Mapping[str, Any], title: str, styles: Mapping[str, Any]) -> None:
    sheet.write(0, 0, title, styles["title"])
    at, widths = 2, dict[int, int]()
    for table in part["tables"]:
        for column, header in enumerate(table["headers"]):
            sheet.write(at, column, header, styles["head"])
        for n, row in enumerate(table["rows"], at + 1):
            for column, (value, numeric) in enumerate(zip(row, table["numeric"], strict=True)):
                _cell(sheet, n, column, value, numeric, styles)
                widths[column] = max(widths.get(column, LEAST_WIDTH), 2 * len(value))
        at += len(table["rows"]) + 2
    for column, width in widths.items():
        sheet.set_column(column, column, min(width, MOST_WIDTH))


def _cell(sheet: Any, row: int, column: int, value: str, numeric: bool, styles: Mapping[str, Any]) -> None:
    if numeric and value.endswith("%") and _NUMBER.fullmatch(value[:-1]):
        sheet.write_number(row, column, float(value[:-1]) / 100, styles["percent"])
    elif numeric and _NUMBER.fullmatch(value):
        sheet.write_number(row, column, float(value), styles["text"])
    else:
        sheet.write_string(row, column, value, styles["text"])
