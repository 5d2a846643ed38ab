"""The download of one's own data: asking for it, waiting, and the file."""

import zipfile
from collections.abc import Callable

import pytest

from deploy.tests.journeys.person import Person

from .conftest import Opened
from .window import expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": {"begin": "Collect my data", "download": "Download", "again": "Collect it again", "limit": "once a day"},
    "ko": {"begin": "내 데이터 모으기", "download": "다운로드", "again": "다시 모으기", "limit": "하루에 한 번 요청할"},
}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_own_data_is_collected_and_downloaded(opened: Opened, newcomer: Callable[..., Person], language: str) -> None:
    person, words = newcomer(), WORDS[language]
    person.posted("a caption")
    window = opened(language=language)
    window.expect_status(404, 429)
    window.log_in(person, "/login?next=/settings/export")
    window.button(words["begin"]).click()
    expect(window.link(words["download"])).to_be_visible()
    with window.page.expect_download() as download:
        window.link(words["download"]).click()
    assert download.value.suggested_filename == "shutter-export.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        assert b"a caption" in archive.read("posts.jsonl")
    window.button(words["again"]).click()
    expect(window.page.get_by_text(words["limit"]).last).to_be_visible()
