"""Hot topics: what people say together is found, whatever the order, with its evidence and its change."""

import random
from collections.abc import Sequence

import pytest

from services.reports.domain.hot_topics import HotTopic
from services.reports.words import Text, find_topics, words_of
from tests.unit.reports.world import FILE

MATTERS = {
    "暖气": ("华兴苑暖气不热", "华兴苑小区暖气温度不达标，室内只有十二度，供热公司一直没有检修"),
    "检测": ("核酸检测结果查询不到", "做完核酸检测三天，健康码里查询不到检测结果，影响产检"),
    "噪音": ("工地夜间施工噪音扰民", "建设工地夜间施工到凌晨，噪音太大，孩子无法休息"),
}
SINGLE = (
    "路灯",
    "公交改线",
    "噪声",
    "医保报销",
    "学区划分",
    "垃圾清运",
    "宽带故障",
    "驾照换证",
    "公园闭园",
    "井盖缺失",
)


def texts(counts: dict[str, int], day: str = "a", area: str = "130102") -> list[Text]:
    made = []
    for name, count in counts.items():
        title, text = MATTERS[name]
        for n in range(count):
            made.append(
                Text(f"N-{day}-{name}-{n:03}", f"SJZ-{day}-{name}-{n:03}", area, f"{title}{n}", f"{n}栋，{text}")
            )
    made += [Text(f"N-{day}-{word}", f"SJZ-{day}-{word}", "", word, f"关于{word}的事情") for word in SINGLE]
    return made


def find(
    today: Sequence[Text], before: Sequence[Text] = (), past: Sequence[Text] = (), limit: int = 10
) -> list[HotTopic]:
    return find_topics(today, before, past, FILE.stop, limit)


def test_the_largest_matters_come_first_with_their_evidence() -> None:
    topics = find(texts({"暖气": 9, "检测": 14, "噪音": 5}))
    assert [topic.count for topic in topics[:3]] == [14, 9, 5]
    first = topics[0]
    assert {"核酸", "检测"} & set(first.words)
    assert first.cases == sorted(f"SJZ-a-检测-{n:03}" for n in range(14))
    assert first.example_number in first.cases
    assert (first.share, first.areas) == (round(100 * 14 / 38, 2), ["130102"])


def test_the_change_is_against_the_day_before() -> None:
    (first, second, *_) = find(texts({"检测": 12, "暖气": 6}), texts({"检测": 4}, "b"))
    assert (first.before, first.change) == (4, 200.0)
    assert (second.before, second.change) == (0, None)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_does_not_matter(seed: int) -> None:
    today, before = texts({"暖气": 9, "检测": 14, "噪音": 5}), texts({"暖气": 3}, "b")
    straight = find(today, before, before)
    random.Random(seed).shuffle(today)
    assert find(today, before, before) == straight


def test_single_matters_are_no_topic_and_the_limit_holds() -> None:
    assert find(texts({})) == []
    assert find([]) == []
    assert len(find(texts({"暖气": 9, "检测": 14, "噪音": 5}), limit=2)) == 2


def test_an_example_shows_no_number_of_a_person() -> None:
    title = "请回电13812345678，核酸检测结果查询不到"
    today = [Text(f"N-{n}", f"S-{n}", "", title, "核酸检测结果查询不到") for n in range(3)]
    (topic,) = find(today)
    assert topic.example.startswith("请回电138****5678")


def test_words_leave_out_numbers_single_characters_and_stop_words() -> None:
    assert words_of("请问2号楼3单元的暖气为什么不热", FILE.stop).count("暖气") == 1
    assert not {"请问", "为什么", "2", "的"} & set(words_of("请问2号楼3单元的暖气为什么不热", FILE.stop))
