"""Numbers in running text: masked however a person writes them, and nothing else is touched."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.privacy import redact, redact_answer

WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
HAN = st.text(st.sampled_from("城市路灯坏了，。：；请回电、\n"), max_size=8)
FOUR = st.integers(0, 9999).map("{:04}".format)
MOMENTS = st.integers(631_152_000, 1_893_456_000).map(lambda second: datetime.fromtimestamp(second, UTC))
GAPS = st.sampled_from(["", " ", "-", "  ", " - ", "—", "－", "．", ".", "\u3000", "_"])
MOBILES = st.tuples(st.integers(130, 199).map(str), FOUR, FOUR)
EXCHANGES = st.integers(200, 999) | st.integers(2000, 9999)
LANDLINES = st.tuples(st.sampled_from(["010", "021", "0311", "0315", "0531"]), EXCHANGES.map(str), FOUR)
IDENTITIES = st.tuples(
    st.integers(110000, 659999).map(str), st.dates(date(1900, 1, 1), date(2029, 12, 31)),
    st.integers(0, 999).map("{:03}".format), st.sampled_from("0123456789Xx"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("13812341234", "138****1234"),
        ("138-1234-1234", "138****1234"),
        ("138 1234 1234", "138****1234"),
        ("138 - 1234 - 1234", "138****1234"),
        ("1381234-1234", "138****1234"),
        ("+86 138 1234 1234", "138****1234"),
        ("+86-13812341234", "138****1234"),
        ("＋８６１３８１２３４１２３４", "138****1234"),
        ("008613812341234", "138****1234"),
        ("0086-138-1234-1234", "138****1234"),
        ("8613812341234", "138****1234"),
        ("013812341234", "138****1234"),
        ("１３８１２３４１２３４", "138****1234"),
        ("138１２３４１２３４", "138****1234"),
        ("١٣٨١٢٣٤١٢٣٤", "138****1234"),
        ("0311-88881234", "0311****1234"),
        ("031188881234", "0311****1234"),
        ("0311 8888 1234", "0311****1234"),
        ("０３１１－８８８８１２３４", "0311****1234"),
        ("010 88881234", "010****1234"),
        ("+86 311 88881234", "311****1234"),
        ("+8631188881234", "311****1234"),
        ("0315-2823456", "0315****3456"),
        ("03152823456", "0315***3456"),
        ("130102199001011234", "130102********1234"),
        ("13010219900101123x", "130102********123X"),
        ("130102 19900101 1234", "130102********1234"),
        ("130102 1990 01 01 123X", "130102********123X"),
        ("１３０１０２１９９００１０１１２３４", "130102********1234"),
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "请回电{}，谢谢", "微信a{}b", "2021-01-13、{}", "x\n{}\n", "电话：{} 或者 {}"]
)
def test_a_number_is_masked_however_it_is_written(written: str, shown: str, around: str) -> None:
    assert redact(around.format(written, written)) == around.format(shown, shown)


def test_of_several_numbers_each_is_masked() -> None:
    said = "13812341234 139 1234 5678 0311-88881234 SJZ-20210113-004217 186-1234-1234"
    assert redact(said) == "138****1234 139****5678 0311****1234 SJZ-20210113-004217 186****1234"


@pytest.mark.parametrize(
    "said",
    [
        "SJZ-20210113-004217", "SJZ-20210113-010888 2021年", "N-c0a40311-8138-5123-8123-13812341234a 1990",
        "c0a40123-0311-5123-8123-138123412345", "2021-01-13 08:30", "2021.01.13-2021.02.14", "20210113 20210214",
        "250912101108115409", "202101130400001234", "金额1381234.12元", "13,812,341,234元", "12345 12333 12348",
        "0531-12345", "400-123-4567", "4001334567", "400-133-4567 2021年", "800 810 8888", "95588", "130100-02-001",
        "62281234567890123456", "1138123412345", "15000000012345678", "1610500000.138", "大街138号1234室", "88881234",
    ],
)  # fmt: skip
def test_what_is_no_number_of_a_person_stays(said: str) -> None:
    assert redact(said) == said


def test_an_answer_keeps_the_landlines_of_offices_and_no_persons_number() -> None:
    said = "请咨询防控办0311-88881234或400-123-4567，联系人138-1234-1234，证件130102199001011234"
    assert redact_answer(said) == ("请咨询防控办0311-88881234或400-123-4567，联系人138****1234，证件130102********1234")


@given(HAN, MOBILES, st.tuples(GAPS, GAPS), st.booleans(), st.sampled_from(["", "+86", "0086 ", "86-", "+86 "]), HAN)
def test_any_mobile_is_masked(
    before: str, mobile: tuple[str, str, str], gaps: tuple[str, str], wide: bool, prefix: str, after: str
) -> None:
    first, second, third = mobile
    written = f"{prefix}{first}{gaps[0]}{second}{gaps[1]}{third}"
    for hide in (redact, redact_answer):
        shown = hide(before + (written.translate(WIDE) if wide else written) + after)
        assert shown == f"{before}{first}****{third}{after}"


@given(HAN, LANDLINES, st.tuples(GAPS, GAPS), st.booleans(), HAN)
def test_any_landline_with_its_area_is_masked_but_in_an_answer(
    before: str, landline: tuple[str, str, str], gaps: tuple[str, str], wide: bool, after: str
) -> None:
    area, exchange, last = landline
    written = f"{area}{gaps[0]}{exchange}{gaps[1]}{last}"
    said = before + (written.translate(WIDE) if wide else written) + after
    hidden = "*" * min(4, len(written) - len(area) - 4)
    assert redact(said) == f"{before}{area}{hidden}{last}{after}"
    assert redact_answer(said) == said


@given(HAN, IDENTITIES, st.tuples(GAPS, GAPS, GAPS, GAPS), HAN)
def test_any_identity_number_is_masked(
    before: str, identity: tuple[str, date, str, str], gaps: tuple[str, str, str, str], after: str
) -> None:
    region, born, serial, check = identity
    parts = (region, f"{born:%Y}", f"{born:%m}", f"{born:%d}", f"{serial}{check}")
    written = "".join(part + gap for part, gap in zip(parts, (*gaps, ""), strict=True))
    assert redact(before + written + after) == f"{before}{region}********{serial}{check.upper()}{after}"


@given(HAN, MOMENTS, st.integers(0, 999_999), HAN)
def test_no_date_no_amount_and_no_case_number_is_touched(before: str, at: datetime, count: int, after: str) -> None:
    forms = (
        f"{at:%Y-%m-%d}", f"{at:%Y.%m.%d %H:%M}", f"{at:%Y%m%d}", f"SJZ-{at:%Y%m%d}-{count:06}", f"{at:%Y年%m月%d日}",
        f"{count}.{at:%S}元", f"{count}",
    )  # fmt: skip
    for form in forms:
        assert redact(before + form + after) == before + form + after


@given(HAN, st.uuids() | st.text("0123456789", min_size=32, max_size=32).map(UUID), HAN)
def test_no_id_is_touched(before: str, one: UUID, after: str) -> None:
    for said in (f"{before}{one}{after}", f"{before}N-{one} {one}{after}"):
        assert redact(said) == said


@given(st.text(st.sampled_from("0123456789０１３８ -—()（）+X路"), max_size=60))
def test_no_text_becomes_longer(text: str) -> None:
    assert len(redact(text)) <= len(text)
