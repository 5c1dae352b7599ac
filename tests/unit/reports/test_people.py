"""Who called and the labels of the desk's form stand in no topic, title or example of a report."""

from datetime import date

import pytest

from services.desk.domain.forms import case_body
from services.reports.domain.daily import sections_of
from services.reports.domain.people import masked
from services.reports.domain.special import examples
from services.reports.press import Press
from services.reports.rows import fact_of
from services.reports.words import Text
from tests.unit.reports.test_hot_topics import find
from tests.unit.reports.world import DAY, FILE, WORDS, Reporting, case_of, registered

MATTERS = {
    "暖气": ("暖气不热", "锅炉停了", "李先生家里暖气不热"),
    "检测": ("核酸检测结果", "采样之后", "王老师查询不到核酸检测结果"),
    "噪音": ("夜间施工噪音", "工地开工", "施工噪音到凌晨，张师傅睡不着"),
}
LABELS = ("来电人", "时间", "起因", "经过", "地址")
NAMES = ("李先生", "王建国", "王老师", "张师傅", "师傅", "先生")


def form_text(cause: str, course: str, caller: str = "李先生") -> str:
    form = {"matter": "1", "title": "x", "salutation": caller, "when": "1月10日晚起", "address": "x"}
    return str(case_body({**form, "cause": cause, "course": course}, "", "")["text"])


def of_the_form() -> list[Text]:
    return [
        Text(f"N-{name}-{n}", f"SJZ-{name}-{n}", "130102", f"{title}，李先生反映", form_text(cause, course))
        for name, (title, cause, course) in MATTERS.items()
        for n in range(4)
    ]


def test_cases_of_the_form_about_three_matters_are_three_topics() -> None:
    topics = find(of_the_form())
    assert [topic.count for topic in topics] == [4, 4, 4]
    told = "".join(topic.label + "".join(topic.words) + topic.example for topic in topics)
    assert not [word for word in (*LABELS, *NAMES) if word in told.replace("某先生", "")]


def test_the_form_alone_makes_no_topic() -> None:
    courses = ("暖气不热", "查不到核酸检测结果", "工地夜间施工", "路灯坏了", "工资拖欠", "垃圾没人清运")
    texts = [form_text(f"{course[:2]}有事", course) for course in courses]
    assert find([Text(f"N-{n}", f"S-{n}", "", courses[n], text) for n, text in enumerate(texts)]) == []


def test_the_caller_s_name_is_no_word_and_is_not_shown() -> None:
    text = form_text("暖气不热", "王建国家暖气不热", "王建国")
    (topic,) = find([Text(f"N-{n}", f"S-{n}", "", "王建国家暖气不热", text) for n in range(3)])
    assert "王建国" not in "".join((*topic.words, topic.example))
    assert topic.example == "某某家暖气不热"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("李先生家停水", "某先生家停水"),
        ("联系王建国女士13812345678", "联系某女士138****5678"),
        ("高老师收费", "某老师收费"),
        ("欧阳先生反映路灯不亮", "某先生反映路灯不亮"),
        ("出租车师傅拒载，老师补课", "出租车师傅拒载，老师补课"),
        ("石家庄裕华区停水", "石家庄裕华区停水"),
    ],
)
def test_names_are_masked_where_a_title_gives_them_away(said: str, shown: str) -> None:
    assert masked(said) == shown


async def test_no_section_of_the_daily_report_and_no_special_example_names_the_caller() -> None:
    world = Reporting()
    text = form_text("停暖", "王建国联系李先生未果", "王建国")
    for n in range(3):
        await world.tell(f"p{n}", registered(f"p{n}", priority="P0", title="王建国家暖气不热", text=text))
    snapshot = await world.office.make(date.fromisoformat(DAY))
    page = Press(FILE, WORDS, None).html(snapshot, "zh")
    assert "某某家暖气不热" in page
    found = await world.store.cases.load([case_of("p0")])
    (example,) = examples([fact_of(found[case_of("p0")])])
    assert not [name for name in ("王建国", "李先生") if name in page + example.title + example.text]
    assert example.text.splitlines()[0] == "时间：1月10日晚起"


async def test_sub_topics_count_under_their_topic_and_unknown_codes_as_other() -> None:
    world = Reporting()
    for name, topic in {"a": "0106", "b": "0102", "c": "01", "d": "33", "e": "99", "f": ""}.items():
        await world.tell(name, registered(name, topic=topic))
    sections = sections_of(await world.office.make(date.fromisoformat(DAY)), WORDS, "zh")
    table = next(one for one in sections if one.name == "accepted").tables[1]
    assert table.rows == [["疫情防控", "3", "50.00%"], ["其他", "2", "33.33%"], ["未分类", "1", "16.67%"]]
    assert (WORDS.topic("0106"), WORDS.topic("0199"), WORDS.topic("33")) == ("生活物资与物价", "疫情防控", "其他")
