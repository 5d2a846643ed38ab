"""A browser window as its user sees it; records every error of its pages."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Locator, Page, expect

from deploy.tests.journeys.person import Person
from shared.testing.waiting import WAIT_SECONDS, eventually

PATIENCE = WAIT_SECONDS * 1_000
"""Milliseconds, as Playwright has them."""
WIDTHS = {"phone": (390, 844), "tablet": (820, 1180), "desk": (1440, 900)}
expect.set_options(timeout=PATIENCE)


@dataclass
class Window:
    """A browser with its own storage, and one page in it."""

    context: BrowserContext
    page: Page
    site: str
    errors: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    """Regular expressions of errors that belong to what a test does."""

    @classmethod
    def of(
        cls,
        browser: Browser,
        site: str,
        width: str = "desk",
        language: str = "en",
        theme: str = "light",
        worker: bool = False,
    ) -> Self:
        wide, high = WIDTHS[width]
        context = browser.new_context(
            base_url=site,
            viewport={"width": wide, "height": high},
            locale={"en": "en-GB", "ko": "ko-KR"}[language],
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            service_workers="allow" if worker else "block",
        )
        context.set_default_timeout(PATIENCE)
        context.add_init_script(_RECORD_NOTICES)
        window = cls(context, context.new_page(), site)
        context.on("console", window._note)
        context.on("weberror", lambda error: window.errors.append(f"uncaught: {error.error} {error.error.stack}"))
        if not worker:
            window.expected.append("Service Worker registration blocked")
        return window

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.text} {message.location.get('url', '')}".strip())

    def unexpected(self) -> list[str]:
        """Errors that no test expects, including violations of the Content-Security-Policy."""
        return [error for error in self.errors if not any(re.search(each, error) for each in self.expected)]

    def expect_status(self, *statuses: int) -> None:
        """Chromium logs every refused request to the console."""
        self.expected += [f"server responded with a status of {status}" for status in statuses]

    def expect_lost_line(self) -> None:
        self.expected += ["net::ERR_", "WebSocket connection to"]

    def open(self, path: str) -> None:
        self.page.goto(path)

    def log_in(self, person: Person, path: str = "/login") -> None:
        """With the form."""
        self.open(path)
        self.field("Email, nickname or phone", "이메일, 닉네임 또는 전화번호").fill(person.nickname)
        self.field("Password", "비밀번호").fill(person.password)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("nav a.nav-link").first).to_be_visible()

    def field(self, *labels: str) -> Locator:
        return self.page.get_by_label(re.compile(f"^({'|'.join(map(re.escape, labels))})( |$)")).first

    def button(self, name: str, within: Locator | None = None) -> Locator:
        return (within or self.page).get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True).first

    def heading(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("heading", name=name)

    def says(self, text: str) -> None:
        """A notice with this text is shown. Each one counts once, also if it has already disappeared."""
        eventually(lambda: self.page.evaluate(_TAKE_NOTICE, text))

    def menu(self, label: str, entry: str, within: Locator | None = None) -> None:
        """Choose from a menu."""
        (within or self.page).locator(f"summary[aria-label='{label}']").first.click()
        (within or self.page).locator("details[open]").get_by_text(entry, exact=True).click()

    def confirm(self, name: str) -> None:
        self.page.get_by_role("dialog").get_by_role("button", name=name, exact=True).last.click()

    @contextmanager
    def away(self) -> Iterator[None]:
        """The network is unavailable during the block."""
        self.expect_lost_line()
        self.context.set_offline(True)
        yield
        self.context.set_offline(False)

    def kept(self, store: str) -> list[Any]:
        """The content of a store of IndexedDB."""
        found: list[Any] = self.page.evaluate(_READ_ALL, store)
        return found

    def keep(self, store: str, key: str, value: Any) -> None:
        """Put a value into a store of IndexedDB."""
        self.page.evaluate(_WRITE, [store, key, value])


_RECORD_NOTICES = """
window.shownNotices = [];
new MutationObserver((changes) => {
  const added = changes.flatMap(({ addedNodes }) => [...addedNodes]).filter((node) => node instanceof Element);
  for (const element of added) {
    const notices = element.matches(".notice") ? [element] : element.querySelectorAll(".notice");
    for (const notice of notices) if (notice.checkVisibility()) window.shownNotices.push(notice.textContent);
  }
}).observe(document, { subtree: true, childList: true });
"""
_TAKE_NOTICE = """(text) => {
  const index = window.shownNotices.findIndex((each) => each.includes(text));
  return index >= 0 && window.shownNotices.splice(index, 1).length === 1;
}"""
_READ_ALL = """(store) => new Promise((resolve, reject) => {
  const opening = indexedDB.open("shutter", 1);
  opening.onerror = reject;
  opening.onsuccess = () => {
    const request = opening.result.transaction(store).objectStore(store).getAll();
    request.onsuccess = () => { opening.result.close(); resolve(JSON.parse(JSON.stringify(request.result))); };
    request.onerror = reject;
  };
})"""
_WRITE = """([store, key, value]) => new Promise((resolve, reject) => {
  const opening = indexedDB.open("shutter", 1);
  opening.onerror = reject;
  opening.onsuccess = () => {
    const transaction = opening.result.transaction(store, "readwrite");
    transaction.objectStore(store).put(value, key);
    transaction.oncomplete = () => { opening.result.close(); resolve(); };
    transaction.onerror = reject;
  };
})"""

__all__ = ["PATIENCE", "WIDTHS", "Error", "Window", "expect"]
