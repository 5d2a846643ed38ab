"""The texts of problems are loaded after the first view, which may have a problem itself."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route

from deploy.tests.journeys.person import Person

from .conftest import Opened
from .window import Window, expect

pytestmark = pytest.mark.browser
TEXTS = re.compile("problems-en")


@pytest.fixture
def window(opened: Opened) -> Window:
    window = opened()
    window.expect_status(401, 404, 503)
    window.page.route("**/api/v1/posts/*", unavailable)
    return window


def unavailable(route: Route) -> None:
    problem = '{"status": 503, "code": "upstream_unavailable", "title": "Unavailable"}'
    route.fulfill(status=503, content_type="application/problem+json", body=problem)


def hold(window: Window) -> list[Route]:
    """Requests for the texts, which are not answered."""
    held: list[Route] = []
    window.page.route(TEXTS, lambda route: held.append(route))  # noqa: PLW0108  Playwright marks the function that it is given
    return held


def test_problem_of_the_first_view_is_explained_when_the_texts_arrive(window: Window) -> None:
    held = hold(window)
    window.open("/p/0037a52d5f400001")
    expect(window.button("Try again")).to_be_visible()
    alert = window.page.get_by_role("alert")
    expect(alert).to_have_text("")
    for each in held:
        each.continue_()
    expect(alert).to_have_text("A part of Shutter is unavailable. Try again in a while.")


def test_refused_form_is_explained_when_the_texts_arrive(window: Window, newcomer: Callable[..., Person]) -> None:
    held = hold(window)
    window.open("/login")
    window.field("Email, nickname or phone").fill(newcomer().nickname)
    window.field("Password").fill("not the password")
    with window.page.expect_response("**/auth/login"):
        window.button("Log in").click()
    alert = window.page.get_by_role("alert")
    expect(alert).to_have_text("")
    for each in held:
        each.continue_()
    expect(alert).to_have_text("The name or the password is wrong.")


def test_texts_that_cannot_be_loaded_are_replaced_by_a_general_one(window: Window) -> None:
    window.expect_lost_line()
    window.page.route(TEXTS, lambda route: route.abort())
    window.open("/p/0037a52d5f400001")
    expect(window.page.get_by_role("alert")).to_have_text("Something went wrong. Try again.")
