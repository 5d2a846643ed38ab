"""Links to private photos: ours alone, for one picture, for about an hour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dm.signed_urls import LIFETIME, STEP, UrlSigner
from shared import clock, ids
from shared.errors import Forbidden

URL_SIGNER = UrlSigner(b"k" * 32)
ROOM, PHOTO = 0x37A52D5F400001, 0x37A52D5F400002


def parts(url: str) -> tuple[str, str]:
    """When it expires, and its signature."""
    expires, signature = url.partition("?")[2].split("&")
    return expires.removeprefix("expires="), signature.removeprefix("signature=")


@given(st.integers(0, 10**13))
def test_a_link_is_good_for_an_hour_and_a_quarter_at_most(moment: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: moment)
        seconds = URL_SIGNER.check(ROOM, PHOTO, "display.jpg", *parts(URL_SIGNER.url(ROOM, PHOTO, "display.jpg")))
        assert LIFETIME <= seconds * clock.SECOND <= LIFETIME + STEP + clock.SECOND


@given(st.text(), st.text())
def test_no_other_words_are_a_signature(expires: str, signature: str) -> None:
    with pytest.raises(Forbidden, match="invalid_link"):
        URL_SIGNER.check(ROOM, PHOTO, "display.jpg", expires, signature)


def test_a_link_is_ours_alone() -> None:
    expires, signature = parts(UrlSigner(b"o" * 32).url(ROOM, PHOTO, "display.jpg"))
    with pytest.raises(Forbidden, match="invalid_link"):
        URL_SIGNER.check(ROOM, PHOTO, "display.jpg", expires, signature)


@pytest.mark.parametrize("seconds", [LIFETIME // clock.SECOND + 3_600, 86_400, 10 * 365 * 86_400, 10**18])
def test_a_link_that_says_more_than_that_is_refused_also_with_the_right_key(seconds: int) -> None:
    path = f"/api/v1/rooms/{ids.encode(ROOM)}/media/{ids.encode(PHOTO)}/display.jpg"
    expires = str(clock.now() // clock.SECOND + seconds)
    with pytest.raises(Forbidden, match="invalid_link"):
        URL_SIGNER.check(ROOM, PHOTO, "display.jpg", expires, URL_SIGNER._sign(path, expires))


def test_ids_cannot_be_shifted_between_room_and_photo() -> None:
    expires, signature = parts(URL_SIGNER.url(ROOM, PHOTO, "display.jpg"))
    for room, photo, rendition in ((PHOTO, ROOM, "display.jpg"), (ROOM, ROOM, "display.jpg"), (ROOM, PHOTO, "x")):
        with pytest.raises(Forbidden, match="invalid_link"):
            URL_SIGNER.check(room, photo, rendition, expires, signature)
