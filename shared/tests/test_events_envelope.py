"""The envelope of events: equal on both sides, and anything else is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import clock, ids
from shared.events.envelope import DecodeError, Event

EVENT = Event(0x37A52D5F400001, "user.deleted", 1, 1_795_423_260_123, "req-1", {"user_id": "0037a52d5f400002"})
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=8,
)


def test_event_name_has_a_past_tense_type_and_a_version() -> None:
    assert EVENT.name == "user.deleted.v1"


def test_json_form_contains_every_field() -> None:
    assert json.loads(EVENT.to_json()) == {
        "id": "0037a52d5f400001",
        "type": "user.deleted",
        "version": 1,
        "occurred_at": "2026-11-23T08:41:00.123Z",
        "request_id": "req-1",
        "data": {"user_id": "0037a52d5f400002"},
    }


@given(st.integers(0, 2**63 - 1), st.integers(0, 10**13), st.none() | st.text(), st.dictionaries(st.text(), PLAIN))
def test_decoding_is_the_inverse_of_encoding(id_: int, moment: int, request: str | None, data: dict[str, Any]) -> None:
    event = Event(id_, "thing.happened", 2, moment, request, data)
    assert Event.from_json(event.to_json()) == event


def changed(**fields: Any) -> bytes:
    """The bytes of an event with a changed field; None omits it."""
    whole = {**json.loads(EVENT.to_json()), **fields}
    return json.dumps({name: value for name, value in whole.items() if value is not ...}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"null",
        b"[]",
        b'"text"',
        changed(id=...),
        changed(id="x"),
        changed(id=5),
        changed(type=...),
        changed(type=5),
        changed(version="1"),
        changed(version=1.5),
        changed(version=True),
        changed(occurred_at="yesterday"),
        changed(occurred_at="2026-11-23T08:41:00.123"),
        changed(occurred_at=5),
        changed(request_id=5),
        changed(data=...),
        changed(data=[]),
        changed(data=None),
    ],
)
def test_malformed_event_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        Event.from_json(body)


def test_unknown_fields_are_ignored() -> None:
    assert Event.from_json(changed(trace="abc")) == EVENT
    assert Event.from_json(changed(request_id=...)).request_id is None


def test_ids_and_times_have_the_common_wire_format() -> None:
    event = Event(ids.new(), "thing.happened", 1, clock.now(), None, {})
    travelled = json.loads(event.to_json())
    assert ids.parse(travelled["id"]) == event.id
    assert clock.parse_rfc3339(travelled["occurred_at"]) == event.occurred_at
