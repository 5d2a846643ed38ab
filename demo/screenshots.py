"""`python -m demo.screenshots`: takes the pictures of the README, of an instance that `make demo` has filled.

With `--all FOLDER` it takes every view in three widths and both themes instead, to be looked at after a change of the
design.
"""

import argparse
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
WIDTHS = {"desk": (1440, 900), "tablet": (820, 1180), "phone": (390, 844)}
PUBLIC_VIEWS = {"welcome": "/", "login": "/login", "signup": "/signup", "not-found": "/p/0"}
OWN_VIEWS = {
    "feed": "/",
    "explore": "/explore",
    "new": "/new",
    "search": "/search?q=a",
    "messages": "/messages",
    "room": "{room}",
    "settings": "/settings",
    "sessions": "/settings/sessions",
    "activity": "/settings/activity",
    "deletion": "/settings/deletion",
    "post": "{post}",
    "likes": "{post}/likes",
    "edit": "{post}/edit",
    "profile": "{person}",
    "followers": "{person}/followers",
    "following": "{person}/following",
}
"""Names of files, and the addresses of the views."""
PHOTOS_ARE_SHOWN = """() => [...document.querySelectorAll("main img")].every(
  (image) => image.complete || image.getBoundingClientRect().top > innerHeight)"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="write PNG files of every view into this folder")
    folder: Path | None = parser.parse_args().all
    base_url = (os.environ.get("BASE_URL") or f"http://localhost:{os.environ.get('PORT') or 8080}").rstrip("/")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        sys.exit("No Chromium: install one, or name it with CHROMIUM=/path/to/chromium.")
    (folder or FOLDER).mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        if folder is None:
            take_for_readme(browser, base_url)
        else:
            take_all(browser, base_url, folder)
        browser.close()


def take_for_readme(browser: Browser, base_url: str) -> None:
    light, dark = logged_in(browser, base_url, dark=False), logged_in(browser, base_url, dark=True)
    keep(light, "feed")
    light.get_by_role("link", name="Messages").first.click()
    light.get_by_role("link", name=TALKS_WITH).click()
    light.locator(".bubble-image .photo-loaded").wait_for()
    keep(light, "messages")
    dark.get_by_role("link", name="Explore").first.click()
    dark.locator(".grid-cell").nth(8).wait_for()
    keep(dark, "explore")


def take_all(browser: Browser, base_url: str, folder: Path) -> None:
    """Every view, named `view-width-theme.png`. Each is loaded once; width and theme are changed in place."""
    anonymous = browser.new_context(base_url=base_url, locale="en-GB", reduced_motion="reduce").new_page()
    for name, path in PUBLIC_VIEWS.items():
        take(anonymous, name, path, folder)
    page = logged_in(browser, base_url, dark=False)
    profile = f"/@{PEOPLE[0].nickname}"
    page.goto(profile)
    post = page.locator(".grid-cell a").first.get_attribute("href")
    page.goto("/messages")
    room = page.get_by_role("link", name=TALKS_WITH).get_attribute("href")
    for name, path in OWN_VIEWS.items():
        take(page, name, path.format(post=post, room=room, person=profile), folder)


def take(page: Page, name: str, path: str, folder: Path) -> None:
    page.goto(path)
    for width, (wide, high) in WIDTHS.items():
        page.set_viewport_size({"width": wide, "height": high})
        page.wait_for_load_state("networkidle")
        page.wait_for_function(PHOTOS_ARE_SHOWN)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            page.screenshot(path=folder / f"{name}-{width}-{theme}.png", animations="disabled")


def logged_in(browser: Browser, base_url: str, *, dark: bool) -> Page:
    """The feed of the first demo user."""
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
    """Write a screenshot into a small file, after all photos are loaded."""
    page.wait_for_load_state("networkidle")
    image = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    image.thumbnail((SHOWN, SHOWN), Image.Resampling.LANCZOS)
    image.convert("RGB").save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
