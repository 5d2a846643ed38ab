"""Every view with the keyboard alone: Tab reaches each control, shows where the focus is, and nothing moves if the
person prefers reduced motion.
"""

from typing import Any

import pytest

from .conftest import Opened
from .window import Window, expect

pytestmark = pytest.mark.browser
VIEWS = (
    "/", "/explore", "/new", "/search?q=j", "/messages", "/messages/{room}", "/messages/requests", "/notifications",
    "/settings", "/settings/messages", "/settings/notifications", "/settings/sessions",
    "/settings/activity", "/settings/deletion", "/p/{post}", "/p/{post}/likes", "/p/{post}/edit", "/@{nickname}",
    "/@{nickname}/followers", "/@{nickname}/following", "/p/0",
)  # fmt: skip
ANONYMOUS_VIEWS = ("/", "/login", "/signup", "/explore", "/p/{post}", "/@{nickname}")

LIST_CONTROLS = """() => {
  const focusable = "a[href], button, input, textarea, select, summary, [tabindex='0']";
  window.controls = [...document.querySelectorAll(focusable)].filter((each) =>
    each.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: false }) && !each.disabled
    && each.tabIndex >= 0 && !each.closest("[inert]")
    && (each.type !== "radio" || each.checked)); // Tab reaches one of a group, the arrow keys the others
  window.reached = new Set();
  return window.controls.length;
}"""
NOTE_FOCUS = """() => {
  const element = document.activeElement;
  window.reached.add(element);
  const hasOutline = (each) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(each);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  };
  const marked = hasOutline(element) || hasOutline(element.parentElement); // the frame around a field
  return element === document.body || marked ? "" : element.outerHTML.slice(0, 160);
}"""
NOT_REACHED = """() => window.controls.filter((each) => !window.reached.has(each) && each.isConnected)
  .map((each) => each.outerHTML.slice(0, 160))"""
MOVING = """() => [...document.querySelectorAll("main *")].filter((each) => {
  const { transitionDuration, transitionProperty } = getComputedStyle(each);
  return transitionProperty !== "none" && transitionDuration.split(",").some((part) => parseFloat(part) > 0);
}).map((each) => each.className)"""


def test_tab_reaches_each_control_of_every_view_and_shows_where_it_is(opened: Opened, scene: dict[str, Any]) -> None:
    window = opened()
    window.expect_status(404)
    found = {f"{path} anonymous": faults(window, path.format(**scene)) for path in ANONYMOUS_VIEWS}
    window.log_in(scene["person"])
    found |= {path: faults(window, path.format(**scene)) for path in VIEWS}
    assert {path: each for path, each in found.items() if each} == {}


def faults(window: Window, path: str) -> list[str]:
    """Controls without a visible focus, controls that Tab does not reach, and what moves."""
    page = window.page
    window.open(path)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    page.wait_for_load_state("networkidle")
    expect(page.locator(".shell-loading, main .spinner, main .skeleton")).to_have_count(0)
    count = page.evaluate(LIST_CONTROLS)
    unmarked = set()
    for _ in range(count + 3):
        page.keyboard.press("Tab")
        unmarked.add(page.evaluate(NOTE_FOCUS))
    return [
        *(f"no visible focus: {each}" for each in sorted(unmarked - {""})),
        *(f"not reached: {each}" for each in page.evaluate(NOT_REACHED)),
        *(f"moves: {each}" for each in page.evaluate(MOVING)),
    ]
