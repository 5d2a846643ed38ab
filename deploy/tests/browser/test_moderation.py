"""Reporting, and what moderators do about it: with the keyboard, in both languages, without violations of axe-core."""

from collections.abc import Callable

import pytest

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer
from deploy.tests.standalone_process import Standalone
from shared.testing import eventually

from .conftest import Opened
from .test_access import faults_now
from .window import Window, expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": {
        "comment menu": "More about this comment", "person menu": "More about this person",
        "report": "Report", "harassment": "Harassment", "send": "Send report", "thanks": "Thank you. The moderators",
        "take": "Take", "remove": "Remove", "suspend": "Suspend", "reinstate": "Reinstate Max Frisch",
        "resolved": "Resolved.", "removed": "Content removed", "moderation": "Moderation",
        "role": "Role of Max Frisch", "appoint": "Make a moderator",
    },
    "ko": {
        "comment menu": "댓글 메뉴", "person menu": "이 사람에 대해 더 보기",
        "report": "신고", "harassment": "괴롭힘", "send": "신고하기", "thanks": "신고가 접수되었습니다.",
        "take": "맡기", "remove": "삭제", "suspend": "계정 정지", "reinstate": "Max Frisch 님 정지 해제",
        "resolved": "처리했습니다.", "removed": "콘텐츠 삭제", "moderation": "운영",
        "role": "Max Frisch 님의 권한", "appoint": "운영자로 지정",
    },
}  # fmt: skip


def with_role(instance: Standalone, person: Person, role: str) -> Person:
    done = instance.admin("auth", "role", person.nickname, role)
    assert done.returncode == 0, done.stderr
    answer(person.refresh())  # the token from before has the former role
    return person


def look(window: Window, axe: str) -> None:
    window.page.evaluate(axe)
    assert faults_now(window) == []


@pytest.mark.parametrize("language", ["en", "ko"])
def test_comment_is_reported_with_the_keyboard_and_removed_by_a_moderator(
    opened: Opened, newcomer: Callable[..., Person], instance: Standalone, axe: str, language: str
) -> None:
    words, max_, eve = WORDS[language], newcomer(name="Max Frisch"), newcomer()
    post = eve.posted("a post")["id"]
    answer(max_.comment(post, "rude words"), 201)
    window = opened(language=language, width="phone")
    window.log_in(eve, f"/login?next=/p/{post}")
    menu = window.page.locator(f"summary[aria-label='{words['comment menu']}']")
    menu.focus()
    window.page.keyboard.press("Enter")
    expect(window.page.locator("details[open]").get_by_text(words["report"], exact=True)).to_be_visible()
    window.page.keyboard.press("Tab")
    window.page.keyboard.press("Enter")
    dialog = window.page.get_by_role("dialog")
    expect(dialog.get_by_role("radio")).to_have_count(6)
    look(window, axe)
    dialog.get_by_role("radio").first.focus()
    window.page.keyboard.press("Space")
    window.page.keyboard.press("ArrowDown")
    expect(dialog.get_by_label(words["harassment"])).to_be_checked()
    window.page.keyboard.press("Tab")
    window.page.keyboard.type("every day")
    window.button(words["send"], dialog).press("Enter")
    window.says(words["thanks"])

    mod = with_role(instance, newcomer(), "moderator")
    desk = opened(language=language)
    desk.log_in(mod, "/login?next=/moderation")
    report = desk.page.locator("li.report").filter(has_text="rude words")
    expect(report.get_by_text("every day")).to_be_visible()
    look(desk, axe)
    desk.button(words["take"], report).click()
    expect(report).to_have_count(0)
    desk.open("/moderation?state=taken")
    desk.button(words["remove"], report).click()
    look(desk, axe)
    desk.page.get_by_role("dialog").locator("textarea").fill("Be kind.")
    desk.confirm(words["remove"])
    desk.says(words["resolved"])
    eventually(lambda: answer(eve.send("GET", f"/posts/{post}/comments"))["items"] == [])
    desk.open("/moderation/log")
    expect(desk.page.get_by_text(words["removed"]).first).to_be_visible()
    expect(desk.page.get_by_text("Be kind.").first).to_be_visible()
    look(desk, axe)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_moderator_suspends_on_the_profile_and_reinstates_in_the_list(
    opened: Opened, newcomer: Callable[..., Person], instance: Standalone, axe: str, language: str
) -> None:
    words, max_, mod = WORDS[language], newcomer(name="Max Frisch"), with_role(instance, newcomer(), "moderator")
    window = opened(language=language)
    window.expect_status(404)  # what is suspended is hidden
    window.log_in(mod, f"/login?next=/@{max_.nickname}")
    window.menu(words["person menu"], words["suspend"])
    window.page.get_by_role("dialog").locator("textarea").fill("Advertising")
    window.confirm(words["suspend"])
    eventually(lambda: mod.send("GET", f"/users/{max_.id}").status_code == 404)
    window.open("/moderation/people?state=suspended")
    row = window.page.locator("li.person-row").filter(has_text=max_.nickname)
    expect(row).to_be_visible()
    look(window, axe)
    window.button(words["reinstate"], row).click()
    expect(row).to_have_count(0)
    answer(mod.send("GET", f"/users/{max_.id}"))


def test_admin_appoints_a_moderator_who_then_has_the_link_in_the_settings(
    opened: Opened, newcomer: Callable[..., Person], instance: Standalone, axe: str
) -> None:
    words, max_, root = WORDS["en"], newcomer(name="Max Frisch"), with_role(instance, newcomer(), "admin")
    other = opened()
    other.expect_status(401)  # the token from before the change
    other.expect_lost_line()
    other.log_in(max_, "/login?next=/settings")
    expect(other.link("Sessions")).to_be_visible()
    expect(other.page.get_by_role("link", name=words["moderation"])).to_have_count(0)
    window = opened()
    window.log_in(root, f"/login?next=/@{max_.nickname}")
    window.menu(words["person menu"], words["appoint"])
    window.confirm(words["appoint"])
    window.says("Moderator")
    window.open("/moderation/people")
    row = window.page.locator("li.person-row").filter(has_text=max_.nickname)
    expect(window.page.get_by_label(words["role"], exact=True)).to_have_value("moderator")
    expect(row).to_be_visible()
    look(window, axe)
    other.open("/settings")
    other.link(words["moderation"]).click()
    expect(other.heading(words["moderation"])).to_be_visible()
    expect(other.page.locator("select")).to_have_count(0)


def test_message_is_reported_with_those_before_it_only_if_wanted_and_removed_where_it_is_open(
    opened: Opened, newcomer: Callable[..., Person], instance: Standalone, axe: str
) -> None:
    max_, eve = newcomer(name="Max Frisch"), newcomer()
    room = answer(eve.open_room(max_.id), 201)["id"]
    answer(eve.say(room, "before that"), 201)
    rude = answer(max_.say(room, "rude words in private"), 201)
    answer(eve.say(room, "I beg your pardon?", reply_to=rude["id"]), 201)
    window = opened()
    window.log_in(eve, f"/login?next=/messages/{room}")
    window.button("Report the message of Max Frisch").last.click()
    dialog = window.page.get_by_role("dialog")
    dialog.get_by_label("Spam").check()
    expect(dialog.get_by_role("checkbox")).not_to_be_checked()
    look(window, axe)
    dialog.get_by_role("checkbox").check()
    window.confirm("Send report")
    window.says("Thank you.")
    mod = with_role(instance, newcomer(), "moderator")
    desk = opened()
    desk.log_in(mod, "/login?next=/moderation")
    report = desk.page.locator("li.report").filter(has_text="rude words in private")
    expect(report.get_by_text("before that")).to_be_visible()
    desk.button("Take", report).click()
    desk.open("/moderation?state=taken")
    desk.button("Remove", report).click()
    desk.confirm("Remove")
    desk.says("Resolved.")
    log = window.page.get_by_role("log")
    expect(log.get_by_text("Removed by a moderator")).to_have_count(2)  # and where it is quoted
    expect(log.get_by_text("rude words in private")).to_have_count(0)
    expect(window.button("Report the message of Max Frisch")).to_have_count(0)
    look(window, axe)


def test_invitation_is_made_and_its_link_fills_the_sign_up(
    opened: Opened, newcomer: Callable[..., Person], instance: Standalone, axe: str
) -> None:
    mod = with_role(instance, newcomer(), "moderator")
    desk = opened()
    desk.log_in(mod, "/login?next=/moderation/invitations")
    desk.field("How many people").fill("3")
    desk.button("Make an invitation").click()
    code = desk.page.locator("form strong").text_content() or ""
    expect(desk.page.get_by_text("3 of 3 left").first).to_be_visible()
    look(desk, axe)
    other = opened(width="phone")
    other.page.route("**/api/v1/auth/signup", lambda route: route.fulfill(json={"mode": "invitation"}))
    other.open(f"/signup?invitation={code}")
    expect(other.field("Invitation code")).to_have_value(code)
    look(other, axe)
    desk.page.locator("li.row").first.get_by_role("button").click()
    desk.says("The invitation is void.")
