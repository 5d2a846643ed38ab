"""Accessibility: axe-core on every view in both themes and languages, keyboard use, and narrow screens."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from deploy.tests import passkeys
from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer

from .conftest import Opened
from .window import Window, expect

pytestmark = pytest.mark.browser
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PUBLIC_VIEWS = (
    "/",
    "/explore",
    "/login",
    "/login/test",
    "/signup",
    "/forgot-password",
    "/reset-password",
    "/confirm-email",
    "/search",
    "/p/{post}",
    "/p/{post}/likes",
    "/@{nickname}",
    "/p/0",
)
OWN_VIEWS = (
    "/", "/explore", "/new", "/search?q=j", "/messages", "/messages?q=e", "/messages/{room}", "/notifications",
    "/settings", "/settings/notifications", "/settings/email",
    "/settings/second-factor",
    "/settings/passkeys", "/settings/identities", "/settings/sessions", "/settings/activity",
    "/messages/requests", "/messages/{request}", "/settings/messages", "/settings/blocks", "/settings/mutes",
    "/settings/export",
    "/settings/deletion", "/p/{post}", "/p/{post}/edit", "/@{nickname}", "/@{nickname}/followers",
    "/@{nickname}/following",
)  # fmt: skip
POSTS_OF_A_PAGE = 10

FOLLOW_LINK = """(path) => {
  if (path !== location.pathname + location.search) document.querySelector("main h1").dataset.left = "";
  const link = document.body.appendChild(document.createElement("a"));
  link.href = path;
  link.click();
  link.remove();
}"""
IS_LOADED = """() => document.querySelector("main h1") && !document.querySelector(
  "main h1[data-left], .shell-loading, main .spinner, main .skeleton, main [aria-busy=true]")"""
AXE = "(runOnly) => axe.run({ runOnly, resultTypes: ['violations'], preload: false })"


@pytest.mark.parametrize(("language", "width"), [("en", "phone"), ("ko", "phone"), ("en", "tablet"), ("ko", "desk")])
def test_axe_reports_no_violation_on_any_view_in_either_theme(
    opened: Opened, axe: str, scene: dict[str, Any], language: str, width: str
) -> None:
    """The page is loaded once; views are entered by links, and the theme is changed in place."""
    window = opened(language=language, width=width)
    window.expect_status(404)
    window.open("/login")
    expect(window.page.get_by_role("heading", level=1)).to_be_visible()
    window.page.evaluate(axe)
    found = {path: faults(window, path.format(**scene)) for path in PUBLIC_VIEWS}
    window.log_in(scene["person"])
    window.page.evaluate(axe)
    found |= {f"{path} logged in": faults(window, path.format(**scene)) for path in OWN_VIEWS}
    assert {path: each for path, each in found.items() if each} == {}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_axe_reports_no_violation_of_links_passkeys_and_exports_in_any_state(
    opened: Opened, axe: str, newcomer: Callable[..., Person], language: str
) -> None:
    """The states that a click or the link of a message leads to. Each link loads the page, which reads its token."""
    person = newcomer()
    passkeys.register(person)
    window = opened(language=language, width="phone")
    window.expect_status(404, 422, 429)
    found: dict[str, list[str]] = {}

    def look(state: str) -> None:
        expect(window.page.get_by_role("heading", level=1)).to_have_count(1)
        window.page.evaluate(axe)
        found[state] = faults_now(window)

    for path, act in (("/reset-password", "form button.button"), ("/confirm-email", "main button.button")):
        window.open(f"{path}#made-up")
        button = window.page.locator(act).first
        expect(button).to_be_visible()
        look(f"{path} with a link")
        for field in window.page.locator("input").all():
            field.fill("a different long password")
        button.click()
        expect(window.page.get_by_role("alert")).to_be_visible()
        look(f"{path} with a void link")
    window.open("/forgot-password")
    window.page.locator("input[type=email]").fill("nobody@example.org")
    window.page.locator("form button").click()
    expect(window.page.get_by_text("nobody@example.org")).to_be_visible()
    look("/forgot-password after sending")

    window.log_in(person, "/login?next=/settings/email")
    code = window.page.locator("form input").first
    code.fill("00000000")
    code.press("Enter")
    expect(code).to_have_attribute("aria-invalid", "true")
    look("/settings/email with a wrong code")
    window.open("/settings/passkeys")
    window.page.locator("li.row button").click()
    expect(window.page.locator("li.card form")).to_be_visible()
    look("/settings/passkeys removing one")
    window.open("/settings/export")
    window.page.locator(".card .form-actions button").click()
    expect(window.page.locator("a[download]")).to_be_visible()
    look("/settings/export ready")
    window.page.locator(".card .form-actions button").click()
    expect(window.page.get_by_role("alert").first).to_be_visible()
    look("/settings/export refused")
    assert {state: each for state, each in found.items() if each} == {}


def faults(window: Window, path: str) -> list[str]:
    """The same on the view of this path."""
    page = window.page
    page.evaluate(FOLLOW_LINK, path)
    page.wait_for_function(IS_LOADED)
    return faults_now(window)


def faults_now(window: Window) -> list[str]:
    """The violations of axe-core on a view in both themes, and whether the view is wider than the screen."""
    page = window.page
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.locator("html")).to_have_attribute("lang", re.compile("en|ko"))
    listed = violations(window, {"type": "tag", "values": RULES})
    page.emulate_media(color_scheme="dark")
    listed += [f"dark: {each}" for each in violations(window, {"type": "rule", "values": ["color-contrast"]})]
    page.emulate_media(color_scheme="light")
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return listed + ["wider than the screen"] * wide


def violations(window: Window, rules: dict[str, Any]) -> list[str]:
    found = window.page.evaluate(
        "(runOnly) => axe.run({ runOnly, resultTypes: ['violations'], preload: false })", rules
    )
    return [f"{each['id']}: {[node['html'][:160] for node in each['nodes']][:3]}" for each in found["violations"]]


def test_every_view_fits_on_a_narrow_screen(opened: Opened, scene: dict[str, Any]) -> None:
    """320 px: a desktop at 400 % (WCAG 1.4.10)."""
    window = opened(width="phone")
    window.expect_status(404)  # there is no export yet
    window.page.set_viewport_size({"width": 320, "height": 640})
    window.log_in(scene["person"])
    wide = []
    for path in OWN_VIEWS:
        window.open(path.format(**scene))
        expect(window.page.get_by_role("heading", level=1)).to_have_count(1)
        window.page.wait_for_load_state("networkidle")
        if window.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(path)
    assert wide == []


def test_login_like_comment_and_message_work_with_the_keyboard_only(
    opened: Opened, newcomer: Callable[..., Person]
) -> None:
    person, other = newcomer(), newcomer(name="Zoe Quill")
    person.follow(other.id)
    other.posted("for the keyboard", photos=2)
    room = answer(person.open_room(other.id), 201)["id"]
    window = opened()
    page = window.page
    window.open("/login")
    to(window, "Email, nickname or phone")
    page.keyboard.type(person.nickname)
    to(window, "Password")
    page.keyboard.type(person.password)
    page.keyboard.press("Enter")
    expect(page.locator(".post-card")).to_be_visible()

    page.keyboard.press("Tab")
    to(window, "Like")
    assert outlined(window)
    page.keyboard.press("Space")
    expect(window.button("Like")).to_have_attribute("aria-pressed", "true")
    page.locator(".carousel-track").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("2 / 2")).to_be_visible()
    page.keyboard.press("Tab")
    to(window, "Comments")
    page.keyboard.press("Enter")
    expect(window.heading("Post by Zoe Quill")).to_be_focused()
    to(window, "Write a comment")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    expect(window.button("Reply")).to_be_visible()

    window.open(f"/messages/{room}")
    expect(page.get_by_role("log")).to_be_visible()
    to(window, "Message to Zoe Quill")
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log").get_by_text("hello")).to_be_visible()
    menu_and_dialog(window)


def test_the_feed_is_continued_with_a_button_without_scrolling(opened: Opened, newcomer: Callable[..., Person]) -> None:
    person = newcomer()
    for number in range(POSTS_OF_A_PAGE + 2):
        person.posted(f"number {number}")
    window = opened()
    window.page.add_init_script("IntersectionObserver.prototype.observe = () => {}")
    window.log_in(person)
    cards = window.page.locator(".post-card:not(.skeleton)")
    expect(cards).to_have_count(POSTS_OF_A_PAGE)
    window.button("Load more").focus()
    window.page.keyboard.press("Enter")
    expect(cards).to_have_count(POSTS_OF_A_PAGE + 2)
    expect(window.page.get_by_text("You have seen everything.")).to_be_visible()


def menu_and_dialog(window: Window) -> None:
    """They open with Enter, keep the focus inside, close with Escape, and return the focus."""
    page = window.page
    to(window, "New message")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_label("Name or nickname")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(window.button("New message")).to_be_focused()


def to(window: Window, name: str) -> None:
    """Press Tab until the element with this name has the focus."""
    script = (
        "() => { const e = document.activeElement; return e?.ariaLabel || e?.labels?.[0]?.textContent?.trim() || '' }"
    )
    for _ in range(80):
        if window.page.evaluate(script) == name:
            return
        window.page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {name!r}")


def outlined(window: Window) -> bool:
    style = window.page.evaluate("() => getComputedStyle(document.activeElement).outline")
    return "none" not in style and not style.startswith("0px")
