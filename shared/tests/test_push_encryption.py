"""Encryption and signatures of push messages: the example of the RFC, and a browser that decrypts."""

import json
from base64 import urlsafe_b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from shared.push import encryption
from shared.push.encryption import BrowserKeys, InvalidKey, encrypt
from shared.push.vapid import VapidKey
from shared.testing.push_service import Browser, verified


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


# RFC 8291, section 5 and appendix A.
CONTENT = b"When I grow up, I want to be a watermelon"
SENDER = decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
POINT = decoded("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")
KEYS = BrowserKeys(POINT, decoded("BTBZMqHH6r4Tts7J_aSIgg"))
SALT = decoded("DGv6ra1nlYgDCS1FRnbzlw")
BODY = decoded(
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A"
    "_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_example_of_the_rfc() -> None:
    sender = ec.derive_private_key(int.from_bytes(SENDER), ec.SECP256R1())
    assert encrypt(CONTENT, KEYS, private_key=sender, salt=SALT, padded=1) == BODY


@pytest.mark.parametrize("length", [2, 1_023, 1_024, 2_000, encryption.MAX_CONTENT_BYTES])
def test_browser_reads_what_was_encrypted_and_the_length_says_little(length: int) -> None:
    browser, message = Browser("/"), "x" * (length - 2)
    bodies = [encrypt(json.dumps(message).encode(), BrowserKeys(browser.point, browser.auth)) for _ in range(2)]
    assert [browser.decrypt(body) for body in bodies] == [message] * 2
    assert bodies[0] != bodies[1], "another key and another salt each time"
    assert len(bodies[0]) <= 4_096 and (len(bodies[0]) - 103) % 1_024 in (0, encryption.MAX_CONTENT_BYTES % 1_024)


def test_content_that_no_push_service_takes_is_refused() -> None:
    with pytest.raises(ValueError, match="more than"):
        encrypt(bytes(encryption.MAX_CONTENT_BYTES + 1), KEYS)


@pytest.mark.parametrize("point", [b"", POINT[:-1], POINT[:-1] + b"\0", bytes(65), b"\2" + POINT[1:33]])
def test_key_that_is_no_point_of_the_curve_is_refused(point: bytes) -> None:
    assert not BrowserKeys(point, KEYS.auth).has_valid_point and KEYS.has_valid_point
    with pytest.raises(InvalidKey):
        encrypt(CONTENT, BrowserKeys(point, KEYS.auth))


def test_all_processes_with_one_secret_have_one_key_whose_signatures_are_valid() -> None:
    key, same, other = VapidKey(b"a" * 64, "mailto:a@example.org"), VapidKey(b"a" * 64), VapidKey(b"b" * 64)
    assert key.public_key == same.public_key != other.public_key and len(decoded(key.public_key)) == 65
    claims, public_key = verified(key.authorization("https://push.example.com"), "https://push.example.com")
    assert claims["sub"] == "mailto:a@example.org" and public_key == key.public_key
    assert "sub" not in verified(same.authorization("https://push.example.com"), "https://push.example.com")[0]
    with pytest.raises(ValueError, match="64 bytes"):
        VapidKey(b"short")
