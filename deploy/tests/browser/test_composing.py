"""Choosing the photos of a post: dropped, pasted, put in order by dragging, and sent although the page is reloaded."""

import base64
import re
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Route

from deploy.tests.journeys.image_files import picture
from deploy.tests.journeys.person import Person
from shared.testing import eventually

from .conftest import Opened
from .window import Window, expect

pytestmark = pytest.mark.browser
TRANSFER = """([name, content, kind]) => {
  const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: "image/jpeg" }));
  const target = document.querySelector(".chooser");
  const options = { bubbles: true, cancelable: true };
  if (kind === "paste") target.dispatchEvent(new ClipboardEvent("paste", { ...options, clipboardData: data }));
  else for (const type of ["dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(type, { ...options, dataTransfer: data }));
  }
}"""


@pytest.fixture
def window(opened: Opened, newcomer: Callable[..., Person]) -> Window:
    window = opened()
    window.log_in(newcomer(name="Ada Lovelace"), "/login?next=/new")
    expect(window.button("Choose photos")).to_be_visible()
    return window


def photo(name: str) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": picture("JPEG", (640, 480))}


def test_photos_are_dropped_on_the_page_and_pasted(window: Window) -> None:
    content = base64.b64encode(picture("JPEG", (320, 240))).decode()
    window.page.evaluate(TRANSFER, ["dropped.jpg", content, "drop"])
    expect(window.field("Describe photo 1")).to_be_visible()
    window.page.evaluate(TRANSFER, ["pasted.jpg", content, "paste"])
    expect(window.field("Describe photo 2")).to_be_visible()
    window.button("Next").click()
    expect(window.page.get_by_role("img", name="Sent")).to_have_count(2)


def test_photos_are_put_in_order_by_dragging(window: Window) -> None:
    window.page.set_input_files("input[type=file]", [photo("1.jpg"), photo("2.jpg")])
    window.field("Describe photo 1").fill("the first")
    window.field("Describe photo 2").fill("the second")
    photos = window.page.locator(".shot")
    photos.nth(1).locator(".shot-picture").drag_to(photos.nth(0))
    expect(window.field("Describe photo 1")).to_have_value("the second")
    expect(window.field("Describe photo 2")).to_have_value("the first")


def test_photos_are_put_in_order_by_keys(window: Window) -> None:
    window.page.set_input_files("input[type=file]", [photo("1.jpg"), photo("2.jpg")])
    window.field("Describe photo 1").fill("the first")
    window.button("Move photo 1 down").press("Enter")
    expect(window.field("Describe photo 2")).to_have_value("the first")
    window.button("Move photo 2 up").press("Space")
    expect(window.field("Describe photo 1")).to_have_value("the first")


def test_camera_details_are_shown_if_the_author_has_chosen_so(window: Window) -> None:
    exif = Image.Exif()
    exif.update({0x010F: "Leica", 0x0110: "<b>M11</b>"})
    exif.get_ifd(0x8769).update({0x829A: 1 / 250, 0x829D: 2.8, 0x8827: 6400, 0x9003: "2026:05:01 14:03:22"})
    file = picture("JPEG", (640, 480), exif=exif.tobytes())
    camera: FilePayload = {"name": "1.jpg", "mimeType": "image/jpeg", "buffer": file}
    window.page.set_input_files("input[type=file]", [camera, photo("2.jpg")])
    window.page.get_by_label("Keep camera details").check()
    window.button("Next").click()
    window.button("Share").click()
    expect(window.heading("Post by Ada Lovelace")).to_be_visible()
    details = window.page.get_by_role("list", name="Camera details").get_by_role("listitem")
    expect(details).to_have_text([re.compile(r"Photo 1: Leica <b>M11</b> · f/2\.8 · 1/250 s · ISO 6400 · .*2026")])


def test_photos_that_were_being_sent_are_sent_after_a_reload(window: Window) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    window.expect_lost_line()
    window.page.route("**/api/v1/media", hold)
    window.page.set_input_files("input[type=file]", [photo("1.jpg"), photo("2.jpg"), photo("3.jpg")])
    window.button("Next").click()
    expect(window.page.get_by_role("progressbar", name="Sending photo 1")).to_be_visible()
    window.page.wait_for_function("() => document.querySelectorAll('.preview-waiting').length === 1")
    eventually(lambda: [each["state"] for each in window.kept("uploads")] == ["waiting"] * 3)
    window.page.unroute("**/api/v1/media")
    window.page.reload()
    expect(window.page.get_by_role("img", name="Sent")).to_have_count(3)
    window.button("Share").click()
    expect(window.heading("Post by Ada Lovelace")).to_be_visible()
    expect(window.page.get_by_text("1 / 3")).to_be_visible()


def test_photos_can_be_sent_before_the_browser_has_checked_them(window: Window) -> None:
    window.page.evaluate("() => void (self.createImageBitmap = () => new Promise(() => {}))")
    window.page.set_input_files("input[type=file]", [photo("1.jpg"), photo("2.jpg"), photo("3.jpg")])
    window.button("Next").click()
    expect(window.page.get_by_role("img", name="Sent")).to_have_count(3)


def test_more_photos_than_a_post_can_have_are_refused_in_words(window: Window) -> None:
    window.page.set_input_files("input[type=file]", [photo(f"{number}.jpg") for number in range(11)])
    window.says("A post has at most 10 photos.")
    expect(window.page.locator(".shot")).to_have_count(10)


def test_photo_that_the_browser_cannot_show_has_an_icon_instead(window: Window) -> None:
    heic: FilePayload = {"name": "phone.heic", "mimeType": "image/heic", "buffer": picture("HEIF", (320, 240))}
    window.page.set_input_files("input[type=file]", [heic])
    window.field("Describe photo 1").fill("Boats")
    expect(window.page.locator(".shot .no-preview")).to_be_visible()
    window.button("Next").click()
    expect(window.page.get_by_role("img", name="Sent")).to_be_visible()
    expect(window.page.get_by_role("img", name="Boats")).to_be_visible()
    window.button("Share").click()
    expect(window.page.locator(".post-card .photo-loaded").get_by_alt_text("Boats")).to_be_visible()
