"""Ids increase, never repeat, sort on the wire as they do in the database, and only their one form is taken."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from shared import clock, ids

ANY_ID = st.integers(0, 2**63 - 1)


class Something(BaseModel):
    """What has an id."""

    id: ids.Id


def test_each_is_larger_than_the_one_before_also_within_a_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    made = [ids.new() for _ in range(1_000)]
    assert made == sorted(set(made))


def test_they_go_on_increasing_when_the_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ids.new()
    monkeypatch.setattr(clock, "now", lambda: clock.DAY * 365 * 56)
    assert ids.new() > before


def test_many_threads_never_make_the_same() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [each for chunk in pool.map(lambda _: [ids.new() for _ in range(500)], range(8)) for each in chunk]
    assert len(set(made)) == 4_000


def test_an_id_says_when_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "_last", 0)
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    made = ids.new()
    assert ids.first_id_at(moment) <= made < ids.first_id_at(moment + 1)
    assert ids.first_id_at(0) == 0


def test_they_fit_the_databases_until_2094() -> None:
    end = clock.parse_rfc3339("2094-09-01T00:00:00.000Z")
    assert ids.first_id_at(end) < 2**63


@given(ANY_ID)
def test_text_and_number_are_one(value: int) -> None:
    assert ids.parse(ids.encode(value)) == value
    assert len(ids.encode(value)) == 16


@given(ANY_ID, ANY_ID)
def test_text_sorts_as_the_number_does(one: int, other: int) -> None:
    assert (ids.encode(one) < ids.encode(other)) == (one < other)


NO_IDS = [
    "",
    "1",
    "0037a52d5f40000",
    "0037a52d5f4000011",
    "0037A52D5F400001",
    "8000000000000000",
    " 037a52d5f400001",
    "0037a52d5f400001\n",
    "0x37a52d5f400001",
    "-037a52d5f400001",
    "٠٠٣٧a52d5f400001",
]


@pytest.mark.parametrize("value", NO_IDS)
def test_what_is_no_id_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        ids.parse(value)


@pytest.mark.parametrize("value", ['"x"', "5", "0", "18446744073709551615", "1.5", "null", "true", "[]", "{}"])
def test_in_a_body_only_text_is_an_id(value: str) -> None:
    """A number would go through to the database, which cannot hold every one."""
    with pytest.raises(ValidationError):
        Something.model_validate_json(f'{{"id": {value}}}')


def test_a_model_reads_and_writes_the_text() -> None:
    read = Something.model_validate_json('{"id": "0037a52d5f400001"}')
    assert read.id == 0x37A52D5F400001
    assert read.model_dump_json() == '{"id":"0037a52d5f400001"}'
    assert Something.model_json_schema()["properties"]["id"]["pattern"] == "^[0-7][0-9a-f]{15}$"
