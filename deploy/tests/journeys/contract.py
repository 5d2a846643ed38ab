"""The merged OpenAPI document for the tests: operations with resolved references."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .routes import nameless

METHODS = ("get", "put", "post", "delete", "patch")
JSON = "application/json"
PROBLEM = "application/problem+json"
MULTIPART = "multipart/form-data"


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    declared: Mapping[str, Any]
    document: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def template(self) -> str:
        return nameless(self.path)

    @property
    def needs_token(self) -> bool:
        """Whether a token is required: an empty requirement among others makes it optional."""
        required: list[Any] = self.declared.get("security", self.document.get("security", []))
        return bool(required) and {} not in required

    @property
    def body_types(self) -> Mapping[str, Any]:
        """Media types of the request body, with their declarations."""
        types: Mapping[str, Any] = self.resolved(self.declared.get("requestBody", {})).get("content", {})
        return types

    @property
    def parameters(self) -> list[Mapping[str, Any]]:
        return [self.resolved(parameter) for parameter in self.declared.get("parameters", [])]

    def takes(self, place: str, name: str) -> bool:
        return any((one["in"], one["name"]) == (place, name) for one in self.parameters)

    def body_fields(self) -> Mapping[str, Any]:
        """The fields of a JSON body with their schemas, including those of every alternative."""
        schema = self.body_types.get(JSON, {}).get("schema", {})
        return dict(self._fields(schema))

    def _fields(self, schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        found = self.resolved(schema)
        yield from found.get("properties", {}).items()
        for alternatives in ("allOf", "anyOf", "oneOf"):
            for one in found.get(alternatives, []):
                yield from self._fields(one)

    def resolved(self, declared: Mapping[str, Any]) -> Mapping[str, Any]:
        """The target of a `$ref`, or the value itself."""
        found: Any = declared
        while "$ref" in found:
            target: Any = self.document
            for step in found["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            found = target
        return dict(found)

    def has_example(self, media: Mapping[str, Any]) -> bool:
        """Whether this content has an example, as a whole or for each field."""
        if "example" in media or media.get("examples"):
            return True
        return self._is_shown(media.get("schema", {}))

    def _is_shown(self, schema: Mapping[str, Any]) -> bool:
        found = self.resolved(schema)
        if any(found.get(told) for told in ("example", "examples", "const", "enum", "default")):
            return True
        if found.get("type") in ("null", "boolean"):
            return True
        inner = [*found.get("properties", {}).values(), *found.get("anyOf", []), *found.get("oneOf", [])]
        inner += [found["items"]] if "items" in found else []
        return bool(inner) and all(self._is_shown(one) for one in inner)


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Every operation, with its path at the gateway."""
    servers = document.get("servers") or [{"url": ""}]
    prefix = "" if "://" in servers[0]["url"] else servers[0]["url"].rstrip("/")
    return [
        Operation(method.upper(), f"{prefix}{path}", item[method], document)
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
