"""Sections 6 and 8 of the daily report: what is disputed or supervised, and what the hotline has learned."""

from collections import Counter
from collections.abc import Sequence

from services.reports.domain.disputes import Dispute, Kind
from services.reports.domain.knowledge_facts import KnowledgeDay
from services.reports.domain.page import Table, Words, minute_of, table_of
from services.reports.domain.wording import DISPUTES, STEPS, Lang, word

TOP = 25


def waiting(disputes: Sequence[Dispute]) -> list[str]:
    """How many of each kind still wait, and for whom."""
    open_ = Counter(one.kind for one in disputes if one.step != "over")
    if not disputes:
        return ["当日无疑难会商、退单争议与书面督办。"]
    kinds: tuple[Kind, ...] = ("supervision", "arbitration", "return")
    told = "，".join(f"{word(DISPUTES, kind, 'zh')}{open_[kind]}件" for kind in kinds)
    more = f"；下表列前{TOP}件，共{len(disputes)}件" if len(disputes) > TOP else ""
    return [f"尚待处理：{told}{more}。"]


def dispute_tables(disputes: Sequence[Dispute], words: Words, lang: Lang) -> list[Table]:
    """Each with its owner and the next step."""
    columns = ("number", "dispute", "title", "owner", "since", "due", "next_step")
    rows = [
        [
            one.document or one.number, word(DISPUTES, one.kind, lang), one.title,
            words.units.get(one.unit, one.unit or "—"), minute_of(one.since), minute_of(one.due),
            word(STEPS, one.step, lang),
        ]
        for one in disputes[:TOP]
    ]  # fmt: skip
    return [table_of(columns, rows, [False] * 7, lang)] if rows else []


def learned(day: KnowledgeDay) -> list[str]:
    """Articles, bulletins, and how many of those on duty have not confirmed them."""
    told = [
        f"知识条目新增{day.new}条，更新{day.updated}条，过期或撤回{day.expired}条，日末有效{day.in_force}条。",
        f"飞鸽新发布{day.bulletins}条。",
    ]
    if day.due:
        share = _unread(day.due, day.read)
        told.append(f"Ⅰ级飞鸽应签收{day.due}人次，已签收{day.read}人次，未读率{share}。")
    return told


def bulletin_tables(day: KnowledgeDay, lang: Lang) -> list[Table]:
    """The bulletins that every agent on duty had to confirm."""
    rows = [
        [one.title, minute_of(one.since), str(one.due), str(one.read), _unread(one.due, one.read)]
        for one in day.unread[:TOP]
    ]  # fmt: skip
    columns = ("bulletin", "since", "to_read", "read", "unread_share")
    return [table_of(columns, rows, (False, False, True, True, True), lang)] if rows else []


def _unread(due: int, read: int) -> str:
    return f"{100 * (due - read) / due:.2f}%" if due else "—"
