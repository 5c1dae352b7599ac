"""What people read: names of figures, sections and columns in Chinese and English, and figures with their units."""

from typing import Literal

from services.reports.domain.figures import Figure

Lang = Literal["zh", "en"]

SECTIONS: dict[str, tuple[str, str]] = {
    "calls": ("一、话务概况", "1. Calls"),
    "accepted": ("二、受理概况", "2. Cases accepted"),
    "hot_topics": ("三、热点诉求", "3. Hot topics"),
    "handling": ("四、承办情况", "4. Handling by units"),
    "urgent": ("五、紧急与重点事项", "5. Urgent cases"),
    "disputes": ("六、疑难、推诿与督办", "6. Disputes and supervision"),
    "transfers": ("七、跨市协调", "7. Other cities"),
    "knowledge": ("八、知识库与飞鸽", "8. Knowledge base and bulletins"),
    "outlook": ("九、研判与建议", "9. Assessment"),
    "annex": ("附表：承办单位排行", "Annex: units"),
}
REQUEST_TYPES: dict[str, tuple[str, str]] = {
    "ZX": ("咨询", "Inquiry"),
    "QZ": ("求助", "Help"),
    "TS": ("投诉", "Complaint"),
    "JB": ("举报", "Report"),
    "JY": ("意见建议", "Suggestion"),
    "BY": ("表扬", "Praise"),
    "QT": ("其他", "Other"),
}
CHANNELS: dict[str, tuple[str, str]] = {"call": ("电话", "Telephone"), "web": ("网站", "Web")}
COLUMNS: dict[str, tuple[str, str]] = {
    "rank": ("序号", "No."),
    "topic": ("热点", "Topic"),
    "request_types": ("诉求类型", "Request type"),
    "channels": ("来源", "Channel"),
    "areas": ("地区", "Area"),
    "topics": ("事项类别", "Category"),
    "count": ("件数", "Count"),
    "share": ("占比", "Share"),
    "change": ("较前日", "Change"),
    "example": ("典型诉求", "Example"),
    "unit": ("承办单位", "Unit"),
    "issued": ("派单", "Issued"),
    "signed": ("签收", "Signed"),
    "done": ("办结", "Done"),
    "done_in_time": ("按时", "In time"),
    "overdue_sign": ("签收超期", "Sign late"),
    "overdue_resolve": ("办理超期", "Overdue"),
    "returned": ("退单", "Returned"),
    "sent_back": ("重办", "Redone"),
    "number": ("工单号", "Case"),
    "priority": ("等级", "Priority"),
    "title": ("诉求", "Title"),
    "registered_at": ("受理", "Accepted"),
    "dispatched_at": ("派单时间", "Dispatched"),
    "state": ("现状", "State"),
    "dispute": ("事由", "Matter"),
    "owner": ("责任单位", "Owner"),
    "since": ("起始", "Since"),
    "due": ("期限", "Due"),
    "next_step": ("下一步", "Next step"),
    "bulletin": ("Ⅰ级飞鸽", "Bulletin of level I"),
    "to_read": ("应签收", "To confirm"),
    "read": ("已签收", "Confirmed"),
    "unread_share": ("未读率", "Unread"),
    "gaps": ("口径空白（未依据知识库的直接答复）", "Answered without an article"),
}
DISPUTES: dict[str, tuple[str, str]] = {
    "return": ("退单待审", "return"),
    "arbitration": ("疑难会商", "arbitration"),
    "supervision": ("书面督办", "supervision"),
}
STEPS: dict[str, tuple[str, str]] = {
    "asked": ("班长审批退单", "supervisor judges the return"),
    "open": ("会商裁定承办单位", "ruling on the unit in charge"),
    "issued": ("责任单位书面报告", "unit reports in writing"),
    "answered": ("督办员审核报告", "supervisor judges the report"),
    "over": ("已了结", "over"),
}
"""Of a dispute: what it waits for."""
STATES: dict[str, tuple[str, str]] = {
    "closed": ("已办结", "closed"),
    "answered": ("已反馈", "answered"),
    "handling": ("办理中", "in handling"),
    "waiting": ("待派单", "waiting"),
    "merged": ("已并单", "merged"),
}
_CALLS = frozenset(
    {
        "offered", "calls", "served_by_ivr", "asked_for_person", "answered", "abandoned", "abandoned_short", "placed",
        "called_again", "followed_up", "warnings", "breaches", "escalations", "replies_owed", "replies_settled",
        "replies_delivered", "replies_unreachable",
    }
)  # fmt: skip


def word(table: dict[str, tuple[str, str]], code: str, lang: Lang) -> str:
    """The word of a code; an unknown code stands for itself."""
    pair = table.get(code)
    return (pair[0] if lang == "zh" else pair[1]) if pair else code


def shown(figure: Figure) -> str:
    """A value with its unit, as the report's sentences say it."""
    if figure.value is None:
        return "—"
    if figure.unit == "percent":
        return f"{figure.value:.2f}%"
    if figure.unit == "seconds":
        return seconds(float(figure.value))
    if figure.unit == "ratio":
        return f"{figure.value:.3f}"
    return f"{figure.value}{'次' if figure.name in _CALLS else '件'}"


def seconds(value: float) -> str:
    """Seconds below two minutes, hours above two hours, else minutes."""
    if value < 120:
        return f"{value:.1f}秒"
    return f"{value / 3600:.1f}小时" if value >= 7200 else f"{value / 60:.1f}分钟"


def change(now: float | None, before: float | None, against: str) -> str:
    """`较前日上升12.3%`; `against` is what is compared with."""
    if now is None or not before:
        return f"{against}无数据可比"
    percent = round(100 * (now - before) / before, 1)
    if percent == 0:
        return f"较{against}持平"
    return f"较{against}{'上升' if percent > 0 else '下降'}{abs(percent):.1f}%"
