"""What a special report says, section by section, in the order of the form that offices use."""

from collections.abc import Callable

from services.reports.domain.page import Section, Table, Words
from services.reports.domain.special import UNITS, Column, Special, summary_of
from services.reports.domain.wording import REQUEST_TYPES, STATES, word

EMPTY = "（待填写）"


def sections_of(special: Special, words: Words) -> list[Section]:
    """In Chinese: it is written for the city's leaders."""
    remarks = special.remarks
    return [
        Section(name="summary", title="摘要", sentences=[summary_of(special, words)]),
        Section(
            name="facts", title="一、基本情况", sentences=_facts(special), tables=[_figures(special), _trend(special)]
        ),
        Section(name="where", title="二、区域与类型分布", tables=[*_where(special, words)]),
        Section(name="examples", title="三、典型诉求", tables=[_examples(special, words)]),
        Section(name="cause", title="四、原因分析", sentences=[remarks.cause or EMPTY]),
        Section(name="policy", title="五、现行政策、答复口径及缺口", sentences=[remarks.policy or EMPTY]),
        Section(
            name="measures",
            title="六、已采取措施",
            sentences=[remarks.measures or EMPTY],
            tables=_units(special, words),
        ),
        _suggestions(special, words),
        _queries(special, words),
    ]


def _facts(special: Special) -> list[str]:
    counts, usual = special.counts, special.usual
    merged = f"（另有{counts.merged}件并入其中，不重复计）" if counts.merged else ""
    found = [
        f"统计时段内受理相关诉求{counts.cases}件{merged}，群众来访{counts.contacts}次，其中特急、紧急{counts.urgent}件。"
        f"截至{special.made_at[5:16].replace('T', ' ')}，尚未办结{counts.open}件，已有超期{counts.breached}件。"
    ]
    return found if usual is None else [*found, f"此前同时段日均{usual:.2f}件。"]


def _figures(special: Special) -> Table:
    counts = special.counts
    named = (
        ("诉求件数", counts.cases), ("来访次数", counts.contacts), ("特急、紧急", counts.urgent),
        ("超期", counts.breached), ("未办结", counts.open),
    )  # fmt: skip
    rows = [[name, str(value)] for name, value in named]
    return Table(headers=["指标", "数值"], rows=rows, numeric=[False, True])


def _trend(special: Special) -> Table:
    rows = [[hour, str(count), "■" * _bar(count, special)] for hour, count in special.counts.tables["hour"]]
    return Table(headers=["时间", "件数", "走势"], rows=rows, numeric=[False, True, False])


def _bar(count: int, special: Special) -> int:
    """Up to twenty marks; something for everything that is not nothing."""
    most = max(count for _, count in special.counts.tables["hour"])
    return max(1, round(20 * count / most))


def _where(special: Special, words: Words) -> list[Table]:
    areas = _table("地区", "area", special, lambda code: words.areas.get(code, code or "未填写"))
    return [areas, _table("诉求类型", "request_type", special, lambda code: word(REQUEST_TYPES, code, "zh"))]


def _table(title: str, column: Column, special: Special, naming: Callable[[str], str]) -> Table:
    total = special.counts.cases
    rows = [[naming(code), str(n), f"{100 * n / total:.2f}%"] for code, n in special.counts.tables[column]]
    return Table(headers=[title, "件数", "占比"], rows=rows, numeric=[False, True, True])


def _examples(special: Special, words: Words) -> Table:
    rows = [
        [one.number, one.title, one.text, words.areas.get(one.area, one.area), word(STATES, one.state, "zh")]
        for one in special.examples
    ]
    return Table(headers=["工单号", "诉求", "内容（脱敏）", "地区", "现状"], rows=rows, numeric=[False] * 5)


def _units(special: Special, words: Words) -> list[Table]:
    rows = [[words.units.get(code, code), str(n)] for code, n in special.counts.tables["unit"][:UNITS]]
    return [Table(headers=["承办单位", "派单"], rows=rows, numeric=[False, True])] if rows else []


def _suggestions(special: Special, words: Words) -> Section:
    name, title = "suggestions", "七、建议（责任单位、时限）"
    rows = [[one.text, words.units.get(one.unit, one.unit), one.due] for one in special.remarks.suggestions]
    if not rows:
        return Section(name=name, title=title, sentences=[EMPTY])
    table = Table(headers=["建议", "责任单位", "时限"], rows=rows, numeric=[False] * 3)
    return Section(name=name, title=title, tables=[table])


def _queries(special: Special, words: Words) -> Section:
    """Where every figure comes from, so that anybody can count again."""
    frozen = special.made_at[:16].replace("T", " ")
    said = f"本专报数据于{frozen}冻结；各项数值均由下列查询得出，可随时重新计算。"
    table = Table(headers=["数据", "查询"], rows=[["以上各项", special.selection.query()]], numeric=[False, False])
    return Section(name="queries", title="附：数据口径", sentences=[_scope(special, words), said], tables=[table])


def _scope(special: Special, words: Words) -> str:
    """The selection in words; its query has codes."""
    wanted = special.selection
    found = [f"事项类别“{words.topic(wanted.topic)}”"] if wanted.topic else []
    found += [f"地区“{words.areas.get(wanted.area, wanted.area)}”"] if wanted.area else []
    found += [f"等级{wanted.priority}"] if wanted.priority else []
    found += ["反复来访且未办结"] if wanted.repeated else []
    return f"统计范围：{'，'.join(found) or '全部诉求'}。"
