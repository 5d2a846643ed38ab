"""One grammar of tags and mentions for all scripts: what is one, what is text, and how tags are compared."""

import pytest

from services.posts.text_entities import MAX_MENTIONS, MAX_TAG_LENGTH, MAX_TAGS, fold, parse, spellings


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#harbour", ["harbour"]),
        ("in the #Harbour, at #NOON.", ["harbour", "noon"]),
        ("(#one) \"#two\" \u300c#three\u300d", ["one", "two", "three"]),
        ("#맛집#강남 #서울여행", ["맛집", "강남", "서울여행"]),
        ("오늘의 사진:#바다", ["바다"]),
        ("#2026년 #한글_2", ["2026년", "한글_2"]),
        ("＃全角 ﹟small", ["全角", "small"]),
        ("#日本語 #русский #العربية #ไทย #한국어", ["日本語", "русский", "العربية", "ไทย", "한국어"]),
        ("#हिन्दी #தமிழ்", ["हिन्दी", "தமிழ்"]),
        ("#same #SAME #ＳＡＭＥ", ["same"]),
        ("#Straße", ["strasse"]),
        ("#2026#서울", ["서울"]),
        ("#one's", ["one"]),
        ("#up-to-date", ["up"]),
        # not tags
        ("#", []), ("# space", []), ("##heading", []), ("#1 #2026 #_ #__1", []),
        ("C#sharp a#b 가#나", []),
        ("&#39; &#x27;", []),
        ("#\ufe0f\u20e3 keycap", []),
        ("#\u0301accent", []),
        ("#🌊", []),
        ("https://example.com/#part http://a.example/?q=(#part", []),
        ("www.example.com/(#part", []),
        ("example.com/#part example.com#part", []),
        ("#part@example.com", []),
        ("바다 https://example.com/a\u300d#바다", ["바다"]),
        ("#https://example.com/#part", ["https"]),
    ],
)  # fmt: skip
def test_tags_of_a_text(text: str, tags: list[str]) -> None:
    assert parse(text).tags == tuple(tags)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ada", ["ada"]),
        ("with @Ada and (@bob.ross)", ["ada", "bob.ross"]),
        ("@ada님 안녕, @bob과", ["ada", "bob"]),
        ("＠ada", ["ada"]),
        ("thanks @ada.", ["ada."]),
        (".@ada", ["ada"]),
        ("@ada @ADA", ["ada"]),
        # not mentions
        ("jo@example.com", []), ("j+o@example.com", []), ("가@ada", []),
        ("@ada@example.social", []), ("@@ada", []),
        ("@ad @12345 @...", []),
        ("@" + "a" * 31, []),
        ("@adaé @ada\u0301", []),
        ("https://example.com/@ada", []),
        ("example.com/@ada", []),
        ("#tag@ada", []),
    ],
)  # fmt: skip
def test_mentions_in_a_text(text: str, names: list[str]) -> None:
    assert parse(text).names == tuple(names)


def test_composed_and_decomposed_texts_have_the_same_tags() -> None:
    assert parse("#caf\u00e9 #\uac00").tags == parse("#cafe\u0301 #\u1100\u1161").tags == ("caf\u00e9", "\uac00")


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", ["\u0645\u06cc\u062e\u0648\u0627\u0647\u0645"]),
        ("#\u0915\u094d\u200d\u0937 #\u0915\u094d\u0937", ["\u0915\u094d\u0937"]),
        ("#\u0915\u094d\u200c\u0937", ["\u0915\u094d\u0937"]),
        ("#a\u200db #c\u200cd", ["a", "c"]),
        ("#\u0645\u200d\u062e", ["\u0645"]),
        ("#\u0645\u200c", ["\u0645"]),
    ],
)  # fmt: skip
def test_joiners_belong_to_tags_only_where_they_change_how_letters_look(text: str, tags: list[str]) -> None:
    assert parse(text).tags == tuple(tags)


def test_number_and_length_are_limited() -> None:
    longest = "a" * MAX_TAG_LENGTH
    assert parse(f"#{longest} #{longest}a").tags == (longest,)
    assert len(parse(" ".join(f"#tag{number}" for number in range(100))).tags) == MAX_TAGS
    assert len(parse(" ".join(f"@nick{number}" for number in range(100))).names) == MAX_MENTIONS
    assert parse("#" + "\ufb03" * 16).tags == ("ffi" * 16,)
    assert parse("#" + "\ufb03" * 17).tags == (), "its length is that of what is compared"


def test_folding_again_changes_nothing() -> None:
    characters = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    assert not [each for each in characters if fold(fold(each)) != fold(each)]


def test_full_stop_after_a_nickname_may_be_part_of_it() -> None:
    assert spellings(["ada.", "bob"]) == {"ada": "ada.", "ada.": "ada.", "bob": "bob"}


@pytest.mark.parametrize("part", ["#a", "#", "@ada", "@", "://", "www.", "a", "#\u0915\u094d\u200d", "@a.", "#a@b."])
def test_time_is_linear(part: str) -> None:
    """A hundred times the length of a caption would take minutes if the time were quadratic."""
    parse(part * (220_000 // len(part)))


def test_nothing_is_found_in_nothing() -> None:
    assert parse(None) == parse("") == parse("words") and parse("words").tags == parse("words").names == ()
