"""A case's whole way through the pages, live and by keyboard."""

import re

from playwright.sync_api import expect

from services.desk.clients import Reply
from shared.events import cases as e
from shared.ids import receipt_code
from tests.browser.conftest import People, Running, follow, settled, visit
from tests.browser.keyboard import FIELDS, fill_by_keyboard
from tests.unit.desk.world import CALLER, UNIT


def test_from_the_call_to_the_citizen(desk: Running, people: People) -> None:
    city = desk.world.city
    city.articles = [{"id": "k1", "version": 3, "question": "暖气不热找谁", "answer": "先报换热站", "unit": UNIT}]
    city.bulletins = [
        {"id": "b1", "level": "II", "title": "寒潮供暖保障", "text": "今夜降温，供暖诉求一律按紧急派单。",
         "script": "已为您加急派单", "acknowledged": True},
    ]  # fmt: skip
    desk.do(lambda: desk.world.case("old", title="小区暖气不热温度低"))
    agent, other = people.page("agent"), people.page("agent", "018")
    for page in (agent, other):
        visit(page, f"{desk.url}/agent")
    expect(agent.get_by_text("等待来电")).to_be_visible()

    contact = desk.do(lambda: city.call("1", CALLER, "017"))
    expect(agent.locator("#caller").get_by_text("138****1234")).to_be_visible()
    settled(agent)
    fill_by_keyboard(agent)
    expect(agent.locator("#saved")).to_contain_text("草稿已存")
    expect(agent.locator("#similar")).to_contain_text("SJZ-")
    agent.keyboard.press("F4")
    agent.keyboard.insert_text("暖气不热")
    expect(agent.locator("#hits")).to_contain_text("先报换热站")
    people.picture(agent, "agent")
    agent.keyboard.press("F8")
    expect(agent.locator("#result")).to_contain_text(receipt_code(contact))
    expect(other.locator("#caller")).not_to_contain_text("138****1234")

    unit = people.page(f"unit:{UNIT}", UNIT)
    visit(unit, f"{desk.url}/inbox")
    row = unit.locator("tr", has_text=FIELDS["title"])
    expect(row).to_be_visible()
    people.picture(unit, "inbox")
    row.get_by_role("checkbox").check()
    unit.get_by_role("button", name="签收所选").click()
    expect(unit.locator("#result")).to_contain_text("已签收 1 件")
    follow(unit.get_by_role("link", name="办理中"))
    follow(unit.locator("tr", has_text=FIELDS["title"]).get_by_role("link"))
    answer = unit.get_by_label("公开答复")
    answer.fill("换热站已恢复运行，室温已回升。")
    answer.press("Control+Enter")
    solved = unit.locator("form[hx-post*='/answer'] input[name=solved][value=yes]")
    expect(solved).to_be_focused()
    unit.keyboard.press("Space")
    solved.press("Control+Enter")
    expect(unit.locator("#sheet")).to_contain_text("待审核")
    people.picture(unit, "case_of_unit")

    auditor = people.page("supervisor", "班长01")
    visit(auditor, f"{desk.url}/supervisor")
    follow(auditor.get_by_role("region", name=re.compile("答复待审")).get_by_role("link").first)
    auditor.get_by_label("通过", exact=True).check()
    auditor.locator("form[hx-post*='/audit'] button").click()
    expect(auditor.locator("#sheet")).to_contain_text("审核通过")
    people.picture(auditor, "case")

    citizen = people.page(phone=True)
    visit(citizen, f"{desk.url}/citizen")
    number = auditor.locator("[data-number]").inner_text()
    citizen.get_by_label("诉求编号").fill(number)
    citizen.get_by_label("查询码").fill(receipt_code(contact))
    citizen.keyboard.press("Enter")
    expect(citizen.get_by_text("换热站已恢复运行")).to_be_visible()
    people.picture(citizen, "citizen")


def test_a_second_matter_of_the_call_is_a_case_of_its_own(desk: Running, people: People) -> None:
    city = desk.world.city
    city.articles = [{"id": "k1", "version": 3, "question": "暖气不热找谁", "answer": "先报换热站", "unit": UNIT}]
    contact = desk.do(lambda: city.call("1", CALLER, "017"))
    page = people.page("agent")
    visit(page, f"{desk.url}/agent")
    fill_by_keyboard(page)
    expect(page.locator("#saved")).to_contain_text("草稿已存")
    page.locator("#course").fill("家中不足十度")
    page.keyboard.press("F8")
    expect(page.locator("#result")).to_contain_text(receipt_code(contact))
    expect(page.locator("#result")).to_contain_text(FIELDS["title"])
    expect(page.locator("#title")).to_be_focused()
    for name in FIELDS:
        expect(page.locator(f"#{name}")).to_have_value("")
    expect(page.locator("#saved")).to_be_empty()
    page.wait_for_timeout(1500)
    expect(page.locator("#saved")).to_be_empty()
    page.reload()
    settled(page)
    expect(page.locator("#course")).to_have_value("")

    fill_by_keyboard(page)
    page.locator("#title").fill("路灯不亮")
    page.keyboard.press("F4")
    page.keyboard.insert_text("暖气不热")
    page.get_by_role("button", name="填入答复").click()
    expect(page.locator("#answer")).to_have_value("先报换热站")
    page.get_by_role("button", name="答复并办结").click()
    expect(page.locator("#result")).to_contain_text("路灯不亮")
    sent = [ask.body for ask in city.asked if ask.path.endswith("/cases")]
    assert [(body["matter"], body["title"]) for body in sent] == [(1, FIELDS["title"]), (2, "路灯不亮")]
    assert sent[1]["knowledge"] == {"article": "k1", "version": 3}

    page.get_by_role("button", name="填入答复").click()
    expect(page.locator("#case-form [name=article]")).to_have_value("k1")
    page.locator("#answer").fill("")
    expect(page.locator("#case-form [name=article]")).to_have_value("")


def test_another_content_of_a_saved_matter_is_refused_and_can_be_the_next(desk: Running, people: People) -> None:
    desk.do(lambda: desk.world.city.call("1", CALLER, "017"))
    page = people.page("agent")
    visit(page, f"{desk.url}/agent")
    other = people.beside(page)
    visit(other, f"{desk.url}/agent")
    for one in (page, other):
        fill_by_keyboard(one)
    page.keyboard.press("F8")
    expect(page.locator("#result")).to_contain_text("查询码")
    other.locator("#title").fill("路灯不亮")
    other.keyboard.press("F8")
    expect(other.locator("#result")).to_contain_text("未保存")
    expect(other.locator("#title")).to_have_value("路灯不亮")
    settled(other)
    with other.expect_response("**/cases"):
        other.locator("#title").press("Enter")
    expect(other.locator("#result")).to_contain_text("未保存")
    settled(other)
    other.get_by_role("button", name="作为第 2 件登记").click()
    expect(other.locator("#result")).to_contain_text("查询码")
    expect(other.locator("#title")).to_have_value("")


def test_news_is_shown_after_what_stood_in_its_way_is_sent(desk: Running, people: People) -> None:
    city = desk.world.city
    case = desk.do(lambda: desk.world.case())
    desk.do(lambda: city.call("1", "ref-1", "017"))
    page = people.page("agent")
    visit(page, f"{desk.url}/agent")
    page.locator("#caller summary").first.click()
    page.locator("#caller textarea").fill("还是不热")
    order = desk.do(lambda: desk.world.store.cases.load([case]))[case]["state"]["orders"][0]["id"]
    desk.do(lambda: city.tell(case, e.WorkOrderSigned(order=order, unit=UNIT)))
    expect(page.locator("#changed")).to_be_visible()
    page.locator("#caller form button").first.click()
    expect(page.locator("#result")).to_contain_text("已完成")
    expect(page.locator("#changed")).to_be_hidden()
    expect(page.locator("#caller")).to_contain_text("办理中")
    expect(page.locator("#caller textarea")).to_have_value("")


def test_what_somebody_types_survives_news_of_the_case(desk: Running, people: People) -> None:
    case = desk.do(lambda: desk.world.case())
    page = people.page("supervisor")
    visit(page, f"{desk.url}/cases/{case}")
    page.locator("summary").get_by_text("备注", exact=True).click()
    note = page.locator("textarea[name=text]")
    note.fill("已电话催办")
    order = desk.do(lambda: desk.world.store.cases.load([case]))[case]["state"]["orders"][0]["id"]
    desk.do(lambda: desk.world.city.tell(case, e.WorkOrderSigned(order=order, unit=UNIT)))
    expect(page.locator("#changed")).to_be_visible()
    expect(note).to_have_value("已电话催办")
    note.fill("")
    desk.do(lambda: desk.world.city.tell(case, e.DeadlineWarned(
        clock="resolve", order=order, unit=UNIT, due=desk.world.clock.now())))  # fmt: skip
    expect(page.locator("#sheet")).to_contain_text("临期提醒")


def test_level_one_bulletin_is_acknowledged_by_keyboard(desk: Running, people: People) -> None:
    desk.world.city.bulletins = [
        {"id": "b1", "level": "I", "title": "封控调整", "text": "即日起凭证通行", "acknowledged": False}
    ]
    page = people.page("agent")
    visit(page, f"{desk.url}/agent")
    button = page.get_by_role("button", name="确认已读 封控调整")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#bulletins")).to_contain_text("已确认")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_form_that_a_newer_call_pushed_aside_is_gone_on_with(desk: Running, people: People) -> None:
    page = people.page("agent")
    visit(page, f"{desk.url}/agent")
    desk.do(lambda: desk.world.city.call("1", CALLER, "017"))
    expect(page.locator("#caller")).to_contain_text("138****1234")
    settled(page)
    page.locator("#title").fill(FIELDS["title"])
    expect(page.locator("#saved")).to_contain_text("草稿已存")
    desk.do(lambda: desk.world.city.call("2", "+8613912345678", "017"))
    expect(page.locator("#caller")).to_contain_text("139****5678")
    expect(page.locator("#title")).to_have_value("")
    left = page.get_by_role("region", name="未办结的来电")
    expect(left).to_contain_text("138****1234")
    settled(page)
    people.picture(page, "agent_left")
    left.get_by_role("button", name="继续登记").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_have_value(FIELDS["title"])
    expect(left).to_contain_text("139****5678")
    settled(page)
    page.keyboard.press("F9")
    expect(page.locator("#result")).to_contain_text("未登记")
    page.get_by_role("button", name="放弃并整理完毕").click()
    expect(page.locator("#caller")).to_contain_text("139****5678")
    expect(left).to_be_hidden()


def test_the_end_of_a_call_takes_nothing_that_is_typed_with_it(desk: Running, people: People) -> None:
    city = desk.world.city
    contact = desk.do(lambda: city.call("1", CALLER, "017"))
    page = people.page("agent")
    visit(page, f"{desk.url}/agent")
    fill_by_keyboard(page)
    page.get_by_label("紧急").check()
    page.keyboard.press("F9")
    expect(page.locator("#result")).to_contain_text("第 1 件未登记")
    expect(page.locator("#title")).to_have_value(FIELDS["title"])
    expect(page.locator("#saved")).to_contain_text("草稿已存")
    page.reload()
    settled(page)
    expect(page.get_by_label("紧急")).to_be_checked()
    page.locator("#caller-number").fill(FIELDS["caller-number"])
    page.keyboard.press("F8")
    expect(page.locator("#result")).to_contain_text(receipt_code(contact))
    settled(page)
    page.keyboard.press("F9")
    expect(page.locator("#caller")).to_contain_text("等待来电")
    (sent,) = [ask.body for ask in city.asked if ask.path.endswith("/cases")]
    assert (sent["title"], sent["urgent"]) == (FIELDS["title"], True)


def test_a_word_typed_just_before_the_end_of_the_call_is_seen(desk: Running, people: People) -> None:
    desk.do(lambda: desk.world.city.call("1", CALLER, "017"))
    page = people.page("agent")
    visit(page, f"{desk.url}/agent")
    page.route("**/draft", lambda route: route.fulfill(status=204))
    page.locator("#title").fill(FIELDS["title"])
    page.keyboard.press("F9")
    expect(page.locator("#result")).to_contain_text("第 1 件未登记")
    page.locator("#title").fill("")
    page.keyboard.press("F9")
    expect(page.locator("#caller")).to_contain_text("等待来电")
    page.wait_for_timeout(1500)


def test_calls_out_one_after_the_other_are_each_on_record(desk: Running, people: People) -> None:
    case = desk.do(desk.world.case)
    page = people.page("agent")
    visit(page, f"{desk.url}/agent")
    page.locator("#outbound-title").click()
    for result in ("busy", "busy", "connected"):
        page.locator("#out-case").fill(desk.world.store.table.rows[case]["number"])
        page.locator("#out-purpose").select_option("reach_unit")
        page.locator("#out-callee").select_option(UNIT)
        page.locator("#out-result").select_option(result)
        page.get_by_role("button", name="登记外呼").click()
        expect(page.locator("#out-case")).to_have_value("")
        settled(page)
    logged = [ask for ask in desk.world.city.asked if ask.path == "/calls/outbound"]
    assert [(ask.body["case_id"], ask.body["result"]) for ask in logged] == [
        (case, "busy"), (case, "busy"), (case, "connected"),
    ]  # fmt: skip
    assert len({ask.key for ask in logged}) == 3


def test_a_refused_action_is_sent_again_with_other_words(desk: Running, people: People) -> None:
    case = desk.do(desk.world.case)
    path = f"/cases/{case}/commands/declare_event"
    desk.world.city.refusals["POST", path] = Reply(
        409, {"reason": "too_large", "detail": "an event would exceed 256 KB"}
    )
    page = people.page("supervisor")
    visit(page, f"{desk.url}/cases/{case}")
    page.locator("summary", has_text="设为事件单").click()
    form = page.locator(f"form[hx-post='{path}']")
    form.locator("[name=reason]").fill("全市停暖，说明很长")
    form.get_by_role("button").click()
    expect(page.locator("#result .bad")).to_be_visible()
    desk.world.city.refusals.clear()
    form.locator("[name=reason]").fill("全市停暖")
    form.get_by_role("button").click()
    expect(page.locator("#result .good")).to_be_visible()
    keys = [ask.key for ask in desk.world.city.asked if ask.path == path]
    assert len(set(keys)) == len(keys) == 2


def test_an_action_that_is_refused_late_is_sent_again_with_other_words(desk: Running, people: People) -> None:
    case = desk.do(desk.world.case)
    path, refusals = f"/cases/{case}/commands/declare_event", desk.world.city.refusals
    refusals["POST", path] = Reply(202, {"command": "c"})
    page = people.page("supervisor")
    visit(page, f"{desk.url}/cases/{case}")
    page.locator("summary", has_text="设为事件单").click()
    form = page.locator(f"form[hx-post='{path}']")
    form.locator("[name=reason]").fill("全市停暖，说明很长")
    key = form.locator("[name=key]").input_value()
    form.get_by_role("button").click()
    expect(page.locator("#result .wait")).to_be_visible()
    refusals["GET", f"/cases/{case}/commands/c"] = Reply(409, {"reason": "too_large", "detail": "256 KB"})
    expect(page.locator("#result .bad")).to_be_visible()
    expect(form.locator("[name=reason]")).to_have_value("全市停暖，说明很长")
    del refusals["POST", path]
    form.locator("[name=reason]").fill("全市停暖")
    form.get_by_role("button").click()
    expect(page.locator("#result .good")).to_be_visible()
    keys = [ask.key for ask in desk.world.city.asked if ask.path == path]
    assert (len(set(keys)), len(keys), keys[0]) == (2, 2, key)


def test_keys_leave_an_input_method_alone(desk: Running, people: People) -> None:
    desk.do(lambda: desk.world.city.call("1", CALLER, "017"))
    page = people.page("agent")
    visit(page, f"{desk.url}/agent")
    page.locator("#title").focus()
    composing = "new KeyboardEvent('keydown', {code: 'F4', bubbles: true, isComposing: true})"
    page.evaluate(f"document.activeElement.dispatchEvent({composing})")
    expect(page.locator("#title")).to_be_focused()
    page.keyboard.press("F4")
    expect(page.locator("#q")).to_be_focused()


def test_a_board_without_data_turns_grey_and_says_since_when(desk: Running, people: People) -> None:
    page = people.page("supervisor")
    visit(page, f"{desk.url}/board")
    expect(page.locator("#figures")).not_to_have_class(re.compile("stale"))
    page.context.set_offline(True)
    people.errors.clear()
    expect(page.locator("#figures")).to_have_class(re.compile("stale"))
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"数据中断，自 *\d\d:\d\d:\d\d"))
    page.context.set_offline(False)
    expect(page.locator("#figures")).not_to_have_class(re.compile("stale"))
    page.close()
    people.errors.clear()
