"""`python -m demo.screenshots`: takes the pictures of the README, of an instance that `make demo` has filled."""

import io
import os
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from demo.people import PASSWORD, PEOPLE

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
SIZE: ViewportSize = {"width": 1180, "height": 820}
SHOWN = 760
"""Pixels of the width of a file."""
QUALITY = 82
TALKS_WITH = "Jonas"
"""Whose conversation with the first person of the demo is shown."""


def main() -> None:
    base_url = (os.environ.get("BASE_URL") or f"http://localhost:{os.environ.get('PORT') or 8080}").rstrip("/")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        sys.exit("No Chromium: install one, or name it with CHROMIUM=/path/to/chromium.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        light, dark = logged_in(browser, base_url, dark=False), logged_in(browser, base_url, dark=True)
        keep(light, "feed")
        light.get_by_role("link", name="Messages").first.click()
        light.get_by_role("link", name=TALKS_WITH).click()
        light.locator(".bubble-image .photo-loaded").wait_for()
        keep(light, "messages")
        dark.get_by_role("link", name="Explore").first.click()
        dark.locator(".grid-cell").nth(8).wait_for()
        keep(dark, "explore")
        browser.close()


def logged_in(browser: Browser, base_url: str, *, dark: bool) -> Page:
    """The feed of the first person of the demo."""
    context = browser.new_context(
        base_url=base_url, viewport=SIZE, locale="en-GB", color_scheme="dark" if dark else "light"
    )
    page = context.new_page()
    page.goto("/login")
    page.locator("[name=identifier]").fill(PEOPLE[0].email)
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator(".post-card img").first.wait_for()
    return page


def keep(page: Page, name: str) -> None:
    """Write what is shown into a small file, once all its photos are there."""
    page.wait_for_load_state("networkidle")
    image = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    image.thumbnail((SHOWN, SHOWN), Image.Resampling.LANCZOS)
    image.convert("RGB").save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
