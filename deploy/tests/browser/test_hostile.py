"""Hostile text: no script runs, and no element is injected or displaced."""

from collections.abc import Callable

import pytest

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer

from .conftest import Opened
from .window import Window, expect

pytestmark = pytest.mark.browser
MARKUP = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script></article><h1>big</h1>"
LINKS = "javascript:alert(1) https://example.org/?a=1&b=<b> data:text/html,x http://[broken"
TURNED = "\u202egnihtemos \u2067right to left\u2069 \u200fabc"
EMOJI = "👩‍👩‍👧‍👦" * 314
LONG = "w" * 900
TEXTS = {"markup": MARKUP, "links": LINKS, "turned": TURNED, "emoji": EMOJI[:2200], "long": LONG}


@pytest.fixture
def hostile(newcomer: Callable[..., Person]) -> Person:
    return newcomer(name="<b>Eve</b> \u05d0\u05d1\u05d2 <i>\u0627\u0628")


def intact(window: Window, path: str) -> None:
    """The page has one heading, its own title and links, and is not wider than the screen."""
    window.open(path)
    window.page.wait_for_load_state("networkidle")
    expect(window.page.get_by_role("heading", level=1)).to_have_count(1)
    assert "owned" not in window.page.title()
    assert not window.page.evaluate("document.documentElement.scrollWidth > innerWidth"), path
    assert not window.page.evaluate("Boolean(document.querySelector('main script, main img[src=x]'))"), path
    addresses = window.page.evaluate("[...document.querySelectorAll('a')].map((a) => a.protocol)")
    assert set(addresses) <= {"http:", "https:"}


@pytest.mark.parametrize("width", ["phone", "desk"])
def test_hostile_captions_names_and_comments_are_shown_as_text(opened: Opened, hostile: Person, width: str) -> None:
    window = opened(width=width)
    posts = [hostile.posted(text)["id"] for text in TEXTS.values()]
    for text in TEXTS.values():
        answer(hostile.comment(posts[0], text[:1000]), 201)
    answer(hostile.change(bio=MARKUP[:150]), 200)
    window.log_in(hostile)
    for path in ("/", "/explore", f"/@{hostile.nickname}", f"/p/{posts[0]}", f"/p/{posts[3]}", "/settings"):
        intact(window, path)
    window.open(f"/p/{posts[1]}")
    links = window.page.locator(".caption a")
    expect(links).to_have_count(1)
    expect(links).to_have_attribute("href", "https://example.org/?a=1&b=")
    expect(links).to_have_attribute("rel", "noopener noreferrer nofollow ugc")


def test_hostile_messages_are_shown_as_text(opened: Opened, hostile: Person, newcomer: Callable[..., Person]) -> None:
    reader = newcomer()
    room = hostile.room_with(reader)
    for text in TEXTS.values():
        said = answer(hostile.say(room, text[:2000]), 201)["id"]
        hostile.say(room, text[:2000], reply_to=said)
    window = opened(width="phone")
    window.log_in(reader)
    intact(window, "/messages")
    intact(window, f"/messages/{room}")
    expect(window.page.get_by_role("log").get_by_text("<script>").first).to_be_visible()


def test_hostile_previews_and_urls_are_shown_as_text(opened: Opened, hostile: Person) -> None:
    post = hostile.posted(f"</title>{MARKUP}")["id"]
    window = opened()
    intact(window, f"/p/{post}")
    assert hostile.web.get(f"/p/{post}").text.count("<script") == 1
    window.expect_status(404)
    window.open("/@%3Cscript%3E")
    expect(window.heading("Nobody has this name")).to_be_visible()
    window.open("/login?next=https://example.org/")
    window.field("Email, nickname or phone").fill(hostile.nickname)
    window.field("Password").fill(hostile.password)
    window.button("Log in").click()
    expect(window.page.locator(".feed")).to_be_visible()
    assert window.page.url == f"{window.site}/"


def test_anonymous_visitor_reads_posts_and_profiles_and_must_log_in_for_actions(
    opened: Opened, newcomer: Callable[..., Person]
) -> None:
    person = newcomer(name="Zoe Quill")
    post = person.posted("for everybody")["id"]
    answer(person.comment(post, "and a comment"), 201)
    window = opened()
    window.open(f"/p/{post}")
    expect(window.page.get_by_text("and a comment")).to_be_visible()
    window.button("Like").click()
    expect(window.heading("Log in")).to_be_visible()
    window.open(f"/messages/{post}")
    expect(window.heading("Log in")).to_be_visible()
    reader = newcomer()
    window.log_in(reader, f"/login?next=/@{person.nickname}")
    expect(window.heading("Zoe Quill")).to_be_visible()


def test_back_and_forward_restore_the_view(opened: Opened, newcomer: Callable[..., Person]) -> None:
    person = newcomer()
    for number in range(24):
        person.posted(f"number {number}")
    window = opened(width="phone")
    window.log_in(person)
    page = window.page
    first = page.get_by_text("number 2", exact=True)
    for _ in range(30):
        page.mouse.wheel(0, 2500)
        if first.count():
            break
        page.wait_for_function("() => new Promise((done) => requestAnimationFrame(() => done(true)))")
    first.scroll_into_view_if_needed()
    page.locator(".post-card").filter(has=first).get_by_role("link", name="Comments").click()
    expect(page.get_by_text("No comments yet")).to_be_visible()
    assert page.evaluate("scrollY") == 0
    page.go_back()
    expect(first).to_be_in_viewport()
    page.go_forward()
    expect(page.get_by_text("No comments yet")).to_be_visible()


def test_language_choice_is_kept(opened: Opened) -> None:
    window = opened(language="ko")
    window.open("/")
    expect(window.link("회원가입")).to_be_visible()
    window.button("English").click()
    expect(window.link("Sign up")).to_be_visible()
    window.page.reload()
    expect(window.link("Sign up")).to_be_visible()
    expect(window.page.locator("html")).to_have_attribute("lang", "en")
