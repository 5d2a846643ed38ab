"""Functions of the client's modules, called in a browser: plural forms, and what a response means."""

from typing import Any

import pytest

from .conftest import Opened

pytestmark = pytest.mark.browser
PLURALS = """({ language, counts }) => {
  const { href } = document.querySelector('link[rel=modulepreload][href*="first-view"]');
  return import(href).then(async ({ $words_words: { choose, t } }) => {
    await choose(language);
    const words = document.querySelector(`link[href*="words-${language}"]`);
    const entries = Object.entries((await import(words.href)).default).filter(([, entry]) => typeof entry === "object");
    return entries.map(([key, entry]) =>
      [key, entry, counts.map((count) => t(key, { count, sent: 3, shown: String(count) }))]);
  });
}"""
UNDERSTOOD = """([status, text, retryAfter]) => {
  const { href } = document.querySelector('link[rel=modulepreload][href*="first-view"]');
  return import(href).then(({ $http: { understood } }) => {
    try {
      return { content: understood(status, text, retryAfter) };
    } catch ({ status, code, retryAfter }) {
      return { status, code, retryAfter };
    }
  });
}"""
COUNTS = (0, 1, 2, 11, 1234)
SINGULAR = {"en": (1,), "ko": ()}
"""The counts that have the form `one` (Unicode CLDR)."""


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_text_with_a_count_has_the_plural_form_of_its_language(opened: Opened, language: str) -> None:
    window = opened(language=language)
    window.open("/login")
    found = window.page.evaluate(PLURALS, {"language": language, "counts": COUNTS})
    assert len(found) > 5
    for key, entry, texts in found:
        assert set(entry) == ({"one", "other"} if language == "en" else {"other"}), key
        for count, text in zip(COUNTS, texts, strict=True):
            form = entry["one"] if count in SINGULAR[language] else entry["other"]
            assert text == form.format(count=f"{count:,}", sent=3, shown=count), (key, count)


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ((200, '{"id": "1"}', None), {"content": {"id": "1"}}),
        ((204, "", None), {"content": None}),
        ((429, '{"code": "rate_limited"}', "7"), {"status": 429, "code": "rate_limited", "retryAfter": 7}),
        ((503, "<html>", "120"), {"status": 503, "code": "unexpected_answer", "retryAfter": 120}),
        ((503, "[1]", "soon"), {"status": 503, "code": "unexpected_answer", "retryAfter": 0}),
        ((200, "<html>", None), {"status": 200, "code": "unexpected_answer", "retryAfter": 0}),
        ((503, "{}", "Wed, 21 Oct 2015 07:28:00 GMT"), {"status": 503, "code": "unexpected_answer", "retryAfter": 0}),
        ((429, '{"code": 7, "errors": 7}', "-1"), {"status": 429, "code": "unexpected_answer", "retryAfter": 0}),
    ],
)  # fmt: skip
def test_responses_are_understood_or_become_a_problem(
    opened: Opened, response: tuple[int, str, str | None], expected: dict[str, Any]
) -> None:
    window = opened()
    window.open("/login")
    assert window.page.evaluate(UNDERSTOOD, response) == expected
