"""The description of the socket: every close code is documented."""

from typing import Any

import pytest

from shared.websockets import hub
from tools.description.asyncapi import CLOSE_CODES, asyncapi

OF_RFC_6455 = {1000, 1001, 1005, 1006}
"""The usual end of any WebSocket, and what no end says itself."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return asyncapi()


def test_every_close_code_is_documented(document: dict[str, Any]) -> None:
    ours = {each.code for each in vars(hub).values() if isinstance(each, hub.CloseReason)} | hub._KNOWN_CODES
    assert set(CLOSE_CODES) == ours - OF_RFC_6455
    told = document["channels"]["socket"]["x-close-codes"]
    assert {int(code) for code in told} == set(CLOSE_CODES) and all(told.values())


def test_schemas_equal_those_of_the_responses(document: dict[str, Any]) -> None:
    """The same names as in openapi.json, so that a client generates each type once."""
    schemas = document["components"]["schemas"]
    assert {"Message", "TextMessage", "ImageMessage", "PostMessage", "UserRef", "Media"} <= set(schemas)
    assert all(schema["title"] == name for name, schema in schemas.items())
