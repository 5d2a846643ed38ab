"""Email, nickname and phone: validation, and the normal form in which they are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.auth import handles
from shared.errors import Invalid


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Ada@Example.ORG", "ada@example.org"),
        ("first.last+tag@sub.example.co.kr", "first.last+tag@sub.example.co.kr"),
        ("o'brien@example.org", "o'brien@example.org"),
        ("ÄDA@bücher.example", "äda@bücher.example"),
        ("ada@xn--bcher-kva.example", "ada@bücher.example"),
        (" ada@example.org\u3000", "ada@example.org"),
    ],
)
def test_email_is_stored_in_lower_case(given: str, kept: str) -> None:
    assert handles.email(given) == handles.Handle("email", kept)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "a b@example.org",
        "ada@example..org",
        "ada@-example.org",
        "a@b@example.org",
        "root@localhost",
        '"a b"@example.org',
        '"ada"@example.org',
        "ada@[127.0.0.1]",
        "ada@[IPv6:::1]",
        "ada.@example.org",
        "a..b@example.org",
        "Ada <ada@example.org>",
        "ada@example.org, bob@example.org",
    ],
)
def test_invalid_email_is_refused_with_its_field(given: str) -> None:
    with pytest.raises(Invalid) as refusal:
        handles.email(given)
    assert refusal.value.code == "invalid_email"
    assert refusal.value.field_errors[0].pointer == "/email"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("ada", "ada"), ("ADA.Lovelace_1815", "ada.lovelace_1815"), ("ａｄａ", "ada"), ("a.." * 10, "a.." * 10)],
)
def test_nickname_is_compared_in_lower_case(given: str, kept: str) -> None:
    assert handles.nickname(given).value == kept


@pytest.mark.parametrize(
    "given", ["", "ab", "a" * 31, "123", "1.2_3", "ada lovelace", "áda", "ada-1", "ada\n", "에이다"]
)
def test_invalid_nickname_is_refused(given: str) -> None:
    with pytest.raises(Invalid) as refusal:
        handles.nickname(given)
    assert refusal.value.code == "invalid_nickname"


@pytest.mark.parametrize(
    "given", ["admin", "Support", "_admin_", "root.", "ｒｏｏｔ", "adm1n", "r00t", "rnod", "vvebmaster"]
)
def test_nickname_that_imitates_the_operator_is_refused(given: str) -> None:
    with pytest.raises(Invalid) as refusal:
        handles.nickname(given)
    assert refusal.value.code == "nickname_reserved"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("010-1234-5678", "+821012345678"),
        ("01012345678", "+821012345678"),
        ("+82 10 1234 5678", "+821012345678"),
        ("０１０-１２３４-５６７８", "+821012345678"),
        ("+1 (650) 253-0000", "+16502530000"),
        ("010-1100-8142", "+821011008142"),
        ("02-123-4567", "+8221234567"),
        ("1588-1234", "+8215881234"),
    ],
)
def test_phone_number_without_country_code_uses_the_default_region(given: str, kept: str) -> None:
    assert handles.phone(given, "KR").value == kept


@pytest.mark.parametrize(
    "given",
    [
        "",
        "12",
        "not a phone",
        "+999 1234567",
        "010-1234-5678 ext. 9",
        "+",
        "0" * 32,
        "+49 123456789012345",
        "112",
        "119",
        "114",
        "1345",
        "123-4567",
        "1234567",
        "+82 112",
        "+1 2530000",
        "+49 110",
        "911",
    ],
)
def test_invalid_phone_number_is_refused(given: str) -> None:
    """Some are possible in their countries, but longer than E.164, or valid only locally."""
    with pytest.raises(Invalid) as refusal:
        handles.phone(given, "KR")
    assert refusal.value.code == "invalid_phone"


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("Ada@example.org", "email"),
        ("ADA", "nickname"),
        ("010-1234-5678", "phone"),
        (" ada@example.org ", "email"),
        ("\tada\n", "nickname"),
        (" 010-1234-5678 ", "phone"),
        ("123-4567", "phone"),
        ("a b", None),
        ("", None),
        ("@", None),
    ],
)
def test_kind_of_a_login_identifier_is_detected(given: str, kind: str | None) -> None:
    found = handles.identifier(given, "KR")
    assert (found.kind if found else None) == kind


ANYTHING = st.one_of(
    st.text(max_size=80),
    st.from_regex(r"[\w.+'\"-]{1,20}@[\w.-]{1,20}\.\w{1,5}", fullmatch=True),
    st.from_regex(r"[\w.]{3,30}", fullmatch=True),
    st.from_regex(r"\+?\d[\d ()-]{5,20}", fullmatch=True),
)


@given(ANYTHING)
def test_any_text_is_normalised_to_a_handle_or_refused(text: str) -> None:
    for read in (handles.email, handles.nickname, lambda given: handles.phone(given, "KR")):
        try:
            handle = read(text)
        except Invalid:
            continue
        assert read(handle.value) == handle, "the normal form has the same normal form"


@given(ANYTHING)
def test_any_text_is_a_valid_login_identifier_or_none(text: str) -> None:
    found = handles.identifier(text, "KR")
    assert found is None or found.value


def test_digest_depends_on_kind_and_key_and_hides_the_value() -> None:
    nickname, email = handles.Handle("nickname", "ada"), handles.Handle("email", "ada")
    digests = {handles.digest(key, handle) for key in (b"a", b"b") for handle in (nickname, email)}
    assert len(digests) == 4
    assert all(len(digest) == 32 and b"ada" not in digest for digest in digests)


@pytest.mark.parametrize(
    ("given", "begins"), [("Ad", "ad"), ("a.", "a."), ("ad lo", ""), ("", ""), ("é", ""), ("a" * 31, "")]
)
def test_search_text_that_cannot_start_a_nickname_is_not_searched_as_one(given: str, begins: str) -> None:
    assert handles.beginning(given) == begins
