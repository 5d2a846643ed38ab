"""Checks events and HTTP responses against their published schemas."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft202012Validator
from sqlalchemy import Table, select

from shared.database.engine import Database

FOLDER = Path(__file__).parents[1] / "contracts" / "events"


@cache
def event_schema(name: str) -> dict[str, Any]:
    """The published schema of the data of one event, such as `user.deleted.v1`."""
    schema: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return schema


def examples_of(name: str) -> list[dict[str, Any]]:
    """The examples in the contract: every consumer must be able to handle them."""
    examples: list[dict[str, Any]] = event_schema(name)["examples"]
    return examples


def assert_matches_contract(name: str, data: Any) -> None:
    """Check the data against the contract of this event."""
    Draft202012Validator(event_schema(name)).validate(data)


def outbox_events(database: Database, outbox: Table) -> list[tuple[str, dict[str, Any]]]:
    """All events in an outbox, oldest first, as (name, data); each is checked against its contract."""
    rows = database.read(lambda connection: connection.execute(select(outbox).order_by(outbox.c.id)).all())
    facts = [(f"{row.type}.v{row.version}", row.data) for row in rows]
    for name, data in facts:
        assert_matches_contract(name, data)
    return facts


class OpenApiChecker:
    """Checks each response of a service against its own OpenAPI document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._paths = [(_pattern(path), operations) for path, operations in document["paths"].items()]
        self._validators: dict[int, Draft202012Validator] = {}
        """By the identity of their schema in the document: making one takes longer than using it."""

    def check(self, response: httpx.Response) -> None:
        """An httpx hook: the status is declared for the route, and a JSON body matches its schema."""
        response.read()
        operation = self._operation(response.request)
        if operation is None or response.status_code == 405:
            return
        declared = operation["responses"].get(str(response.status_code))
        assert declared is not None, f"{response.request.url.path} may not answer {response.status_code}"
        kind = response.headers.get("content-type", "").partition(";")[0]
        schema = declared.get("content", {}).get(kind, {}).get("schema")
        if kind.endswith("json"):
            assert schema is not None, f"{response.request.url.path} may not answer {response.status_code} with {kind}"
            self._validator(schema).validate(response.json())

    def _validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        if id(schema) not in self._validators:
            whole = {**schema, "components": self._document["components"]}
            self._validators[id(schema)] = Draft202012Validator(whole)
        return self._validators[id(schema)]

    def _operation(self, request: httpx.Request) -> Any:
        method = request.method.lower()
        for pattern, operations in self._paths:
            if method in operations and pattern.fullmatch(request.url.path):
                return operations[method]
        return None


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)))
