"""Signed URLs of private photos: valid for one image and about an hour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dm.signed_urls import LIFETIME_MS, STEP_MS, UrlSigner
from shared import clock, ids
from shared.errors import Forbidden

URL_SIGNER = UrlSigner(b"k" * 32)
ROOM, PHOTO = 0x37A52D5F400001, 0x37A52D5F400002


def parts(url: str) -> tuple[str, str]:
    """Its expiry and signature."""
    expires, signature = url.partition("?")[2].split("&")
    return expires.removeprefix("expires="), signature.removeprefix("signature=")


@given(st.integers(0, 10**13))
def test_signed_url_is_valid_for_75_minutes_at_most(moment: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: moment)
        seconds = URL_SIGNER.check(ROOM, PHOTO, "display.jpg", *parts(URL_SIGNER.url(ROOM, PHOTO, "display.jpg")))
        assert LIFETIME_MS <= seconds * clock.SECOND <= LIFETIME_MS + STEP_MS + clock.SECOND


@given(st.text(), st.text())
def test_malformed_signature_is_refused(expires: str, signature: str) -> None:
    with pytest.raises(Forbidden, match="invalid_link"):
        URL_SIGNER.check(ROOM, PHOTO, "display.jpg", expires, signature)


def test_signature_of_another_key_is_refused() -> None:
    expires, signature = parts(UrlSigner(b"o" * 32).url(ROOM, PHOTO, "display.jpg"))
    with pytest.raises(Forbidden, match="invalid_link"):
        URL_SIGNER.check(ROOM, PHOTO, "display.jpg", expires, signature)


@pytest.mark.parametrize("seconds", [LIFETIME_MS // clock.SECOND + 3_600, 86_400, 10 * 365 * 86_400, 10**18])
def test_signed_url_with_an_invalid_expiry_is_refused_with_the_right_key(seconds: int) -> None:
    path = f"/api/v1/rooms/{ids.encode(ROOM)}/media/{ids.encode(PHOTO)}/display.jpg"
    expires = str(clock.now() // clock.SECOND + seconds)
    with pytest.raises(Forbidden, match="invalid_link"):
        URL_SIGNER.check(ROOM, PHOTO, "display.jpg", expires, URL_SIGNER._sign(path, expires))


def test_signature_covers_room_photo_and_size() -> None:
    expires, signature = parts(URL_SIGNER.url(ROOM, PHOTO, "display.jpg"))
    for room, photo, rendition in ((PHOTO, ROOM, "display.jpg"), (ROOM, ROOM, "display.jpg"), (ROOM, PHOTO, "x")):
        with pytest.raises(Forbidden, match="invalid_link"):
            URL_SIGNER.check(room, photo, rendition, expires, signature)
