"""Photos of posts: which ones load first, and how they are shown whatever their shape."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Route

from deploy.tests.journeys.image_files import CORNERS, corners_of, encoded, four_corners, picture
from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer

from .conftest import Opened
from .window import WIDTHS, Window, expect

pytestmark = pytest.mark.browser
PHOTOS = re.compile("/api/v1/media/.+")
POSTS = 4
FRAME_MS = 50
MAX_WAIT_MS = 4000
SHAPES = {"portrait": (450, 800), "tall": (200, 800), "panorama": (1200, 300), "strip": (1600, 200)}
MAX_SHIFT = 0.02
MAX_SHARE_OF_SCREEN = 0.85
NOTE_SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => list.getEntries().forEach((each) => { window.shift += each.value; }))
  .observe({ type: "layout-shift", buffered: true });
"""
ESTIMATED = """
[...document.querySelectorAll(".post-card")]
  .filter((card) => card.getBoundingClientRect().top < innerHeight)
  .filter((card) => getComputedStyle(card).contentVisibility === "auto")
  .length
"""
"""Cards on the screen that the browser may draw with an estimated height at first."""
BOXES = """(image) => {
  const frame = image.closest(".carousel");
  return {
    frame: [frame.clientWidth, frame.clientHeight], card: frame.closest(".post-card").clientWidth,
    natural: [image.naturalWidth, image.naturalHeight],
  };
}"""


def posted(person: Person, photo: bytes, caption: str = "") -> str:
    media = answer(person.upload(photo), 201)["id"]
    post: str = answer(person.send("POST", "/posts", json={"media_ids": [media], "caption": caption}), 201)["id"]
    return post


@pytest.fixture
def author(newcomer: Callable[..., Person]) -> Person:
    return newcomer(name="Zoe Quill")


@pytest.fixture
def window(opened: Opened, newcomer: Callable[..., Person], author: Person) -> Window:
    """Its user has four posts in the feed. Another view is open, and the page's clock stands still."""
    reader = newcomer()
    reader.follow(author.id)
    for _ in range(POSTS):
        posted(author, picture("JPEG", (640, 480)))
    window = opened(width="phone")
    window.page.clock.install(time="2026-01-01T00:00:00Z")
    window.log_in(reader, "/login?next=/search")
    expect(window.heading("Search")).to_be_visible()
    window.page.clock.pause_at("2026-01-02T00:00:00Z")
    return window


def open_feed(window: Window) -> None:
    """The first card is rendered when the response has come, the others in the frames after it."""
    window.link("Home").click()
    cards = window.page.locator(".post-card:not(.skeleton)")
    expect(cards.first).to_be_visible()
    for _ in range(POSTS):
        window.page.clock.run_for(FRAME_MS)
    expect(cards).to_have_count(POSTS)


def test_the_other_photos_are_requested_when_the_first_one_is_loaded(window: Window) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    window.page.route(PHOTOS, hold)
    open_feed(window)
    requested = window.page.locator(".post-card img[width='640']")
    expect(requested).to_have_count(1)
    window.page.unroute(PHOTOS)  # which continues the held requests
    expect(window.page.locator(".post-card .photo-loaded").first).to_be_attached()
    window.page.clock.run_for(FRAME_MS)
    expect(requested).to_have_count(POSTS)
    assert len(held) == 1


def test_a_first_photo_that_cannot_be_loaded_does_not_delay_the_others(window: Window) -> None:
    window.expect_lost_line()
    window.page.route(PHOTOS, lambda route: route.abort(), times=1)
    open_feed(window)
    expect(window.page.locator(".post-card .photo-lost")).to_have_count(1)
    window.page.clock.run_for(FRAME_MS)
    expect(window.page.locator(".post-card img[width='640']")).to_have_count(POSTS - 1)


def test_a_first_photo_that_does_not_arrive_delays_the_others_for_a_limited_time(window: Window) -> None:
    window.page.route(PHOTOS, lambda _: None)
    open_feed(window)
    requested = window.page.locator(".post-card img[width='640']")
    expect(requested).to_have_count(1)
    window.page.clock.run_for(MAX_WAIT_MS)
    expect(requested).to_have_count(POSTS)


@pytest.mark.parametrize("width", WIDTHS)
def test_photos_of_every_shape_are_shown_whole_and_nothing_moves(
    opened: Opened, newcomer: Callable[..., Person], author: Person, width: str
) -> None:
    reader = newcomer()
    reader.follow(author.id)
    posts = {
        name: posted(author, encoded(four_corners(size), "JPEG", quality=95), name) for name, size in SHAPES.items()
    }
    window = opened(width=width)
    window.log_in(reader)
    for name in SHAPES:
        card = window.page.locator(".post-card").filter(has_text=name)
        card.scroll_into_view_if_needed()
        shown_whole(window, card)
    window.page.add_init_script(NOTE_SHIFTS)
    for path in ("/", f"/@{author.nickname}", *(f"/p/{post}" for post in posts.values())):
        window.open(path)
        expect(window.page.locator("main .photo-loaded").first).to_be_visible()
        window.page.wait_for_load_state("networkidle")
        assert window.page.evaluate(ESTIMATED) == 0, path
        assert window.page.evaluate("shift") < MAX_SHIFT, path
        assert not window.page.evaluate("document.documentElement.scrollWidth > innerWidth"), path
    for cell in window.page.locator(".grid-cell a").all():
        size = cell.bounding_box()
        assert size and size["width"] == pytest.approx(size["height"], abs=1)


def shown_whole(window: Window, card: Locator) -> None:
    """All four corners of the photo are in its frame, in its own proportions; the frame fits into the screen."""
    expect(card.locator(".photo-loaded")).to_be_visible()
    expect(card.locator("canvas")).to_have_count(0)
    boxes: dict[str, Any] = card.locator(".carousel img").evaluate(BOXES)
    (wide, high), (natural_width, natural_height) = boxes["frame"], boxes["natural"]
    assert wide == pytest.approx(boxes["card"], abs=1)
    assert high <= MAX_SHARE_OF_SCREEN * window.page.evaluate("innerHeight") + 1
    scale = min(wide / natural_width, high / natural_height)
    left, top = (wide - natural_width * scale) / 2, (high - natural_height * scale) / 2
    frame = Image.open(io.BytesIO(card.locator(".carousel").screenshot())).convert("RGB")
    assert corners_of(frame.crop((round(left), round(top), round(wide - left), round(high - top)))) == list(CORNERS)


@pytest.mark.parametrize(
    ("language", "told"), [("en", "This photo has been lost. A pier"), ("ko", "이 사진은 유실되었습니다. A pier")]
)
def test_a_missing_photo_is_shown_as_lost_and_not_requested(
    opened: Opened, newcomer: Callable[..., Person], author: Person, language: str, told: str
) -> None:
    media = answer(author.upload(picture("JPEG", (640, 480)), alt="A pier"), 201)["id"]
    post = answer(author.send("POST", "/posts", json={"media_ids": [media]}), 201)["id"]
    window = opened(language=language)
    requested: list[str] = []
    window.page.on("request", lambda request: requested.append(request.url) if PHOTOS.search(request.url) else None)

    def lose(route: Route) -> None:
        response = route.fetch()
        found = response.json()
        found["media"][0] |= {"missing": True, "variants": []}
        route.fulfill(response=response, json=found)

    window.page.route(f"**/api/v1/posts/{post}", lose)
    window.log_in(newcomer(), f"/login?next=/p/{post}")
    expect(window.page.get_by_role("img", name=told)).to_be_visible()
    assert requested == []
