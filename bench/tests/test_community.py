"""A community in GoToSocial: every account follows and posts, and an incomplete feed is an error. Needs no release."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bench.community import feeds
from bench.community.gotosocial import GoToSocial
from bench.oracle import Wrong

PEOPLE, POSTS_EACH = 2, 6
STAND_IN = Path(__file__).with_name("gotosocial_stand_in.py")


def program(folder: Path, source: str) -> Path:
    """An executable file with this source."""
    file = folder / "gotosocial-stand-in"
    file.write_text(f"#!{sys.executable}\n{source}")
    file.chmod(0o700)
    return file


@pytest.fixture
def community(tmp_path: Path) -> Iterator[GoToSocial]:
    started = GoToSocial(tmp_path, binary=program(tmp_path, STAND_IN.read_text()))
    yield started
    started.process.stop()


def test_each_feed_request_of_gotosocial_gets_the_newest_posts_of_all(community: GoToSocial) -> None:
    requests = community.fill(PEOPLE, POSTS_EACH)
    assert len({request.token for request in requests}) == PEOPLE
    for request in requests:
        headers = {"Authorization": f"Bearer {request.token}"}
        url = community.process.url + request.target
        response = httpx.get(url, headers=headers, timeout=feeds.REQUEST_SECONDS)
        newest = reversed(feeds.texts(PEOPLE, POSTS_EACH)[-feeds.FEED_POSTS :])
        assert [status["content"] for status in response.json()] == [f"<p>{text}</p>" for text in newest]


def test_a_feed_without_the_posts_of_others_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "DELIVERY_SECONDS", 0.0)
    forgetful = STAND_IN.read_text().replace("SET accepted = 1", "SET accepted = 0")
    community = GoToSocial(tmp_path, binary=program(tmp_path, forgetful))
    try:
        with pytest.raises(Wrong, match="does not show"):
            community.fill(PEOPLE, POSTS_EACH)
    finally:
        community.process.stop()
