"""High contrast of the operating system: it replaces colours and removes backgrounds; focus and states stay visible."""

import io
import json
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Route

from .conftest import Opened
from .test_keyboard import faults
from .window import Window, expect

pytestmark = pytest.mark.browser
VIEWS = ("/", "/p/{post}", "/messages/{room}", "/settings")
ADD_PROGRESS = """() => {
  const element = document.querySelector("main").appendChild(document.createElement("progress"));
  element.value = 0.5;
}"""
STYLE = """(element, [name, pseudo]) => getComputedStyle(element, pseudo)[name]"""


@pytest.fixture
def window(opened: Opened, scene: dict[str, Any]) -> Window:
    window = opened()
    window.page.emulate_media(forced_colors="active")
    window.log_in(scene["person"])
    assert window.page.evaluate("matchMedia('(forced-colors: active)').matches")
    return window


def style(element: Locator, name: str, pseudo: str | None = None) -> str:
    value: str = element.evaluate(STYLE, [name, pseudo])
    return value


def has_border(element: Locator) -> bool:
    return style(element, "borderTopStyle") == "solid" and style(element, "borderTopWidth") != "0px"


def test_focus_is_visible(window: Window, scene: dict[str, Any]) -> None:
    found = {path: faults(window, path.format(**scene)) for path in VIEWS}
    assert {path: each for path, each in found.items() if each} == {}


def test_states_are_visible(window: Window, scene: dict[str, Any]) -> None:
    window.open(f"/p/{scene['post']}")
    page = window.page
    like = window.button("Like")
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    assert style(like.locator("path"), "fill") == style(like.locator("path"), "stroke")
    like.click()
    expect(like).to_have_attribute("aria-pressed", "false")
    assert style(like.locator("path"), "fill") == "none"
    current, other = page.locator(".carousel-dots i.current"), page.locator(".carousel-dots i:not(.current)")
    assert style(current, "backgroundColor") != style(other, "backgroundColor")

    window.open(f"/messages/{scene['room']}")
    expect(page.get_by_role("log").get_by_text("an answer")).to_be_visible()
    bubbles = page.locator(".message:not(.own) .bubble-text"), page.locator(".message.own .bubble-text")
    assert all(has_border(bubble.first) for bubble in bubbles)
    assert style(bubbles[0].first, "borderTopWidth") != style(bubbles[1].first, "borderTopWidth")
    row = page.locator(".room-row[aria-current]")
    assert style(row, "backgroundColor") != style(page.locator("main"), "backgroundColor")
    links = page.locator(".nav-link[aria-current]"), page.locator(".nav-link:not([aria-current])").first
    assert style(links[0], "backgroundColor") != style(links[1], "backgroundColor")


def test_buttons_notices_and_wrong_fields_have_borders(window: Window, scene: dict[str, Any]) -> None:
    window.expect_status(403, 503)
    window.open("/settings")
    window.field("Name").fill("Ada King")
    window.field("Current password").fill("not the password")
    save = window.button("Save")
    assert has_border(save)
    save.click()
    wrong = window.page.locator(".field-wrong input")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    assert style(wrong, "borderTopWidth") != style(window.field("Nickname"), "borderTopWidth")
    window.page.clock.install()
    window.open(f"/p/{scene['post']}")
    window.page.route("**/like", refuse)
    expect(window.button("Like")).to_be_visible()
    window.page.clock.pause_at("2100-01-01T00:00:00Z")  # the notice stays
    window.button("Like").click()
    notice = window.page.locator(".notice")
    expect(notice).to_be_visible()
    assert has_border(notice)


def refuse(route: Route) -> None:
    body = json.dumps({"code": "upstream_busy", "status": 503})
    route.fulfill(status=503, body=body, headers={"retry-after": "30"}, content_type="application/problem+json")


def test_progress_is_visible(window: Window) -> None:
    window.open("/new")
    expect(window.button("Choose photos")).to_be_visible()
    window.page.evaluate(ADD_PROGRESS)
    bar = Image.open(io.BytesIO(window.page.locator("progress").screenshot())).convert("RGB")
    done, left = (bar.getpixel((bar.width * share // 4, bar.height // 2)) for share in (1, 3))
    assert done != left
