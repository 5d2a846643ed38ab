"""The named components of several OpenAPI documents in one: shared if they are equal, else renamed."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

SECTIONS = ("schemas", "responses", "parameters", "examples", "requestBodies", "headers", "links", "callbacks")
_REFERENCE = re.compile(r"#/components/(\w+)/([^/]+)")

Key = tuple[str, str]
"""Section and name of a component."""
Parts = Mapping[str, Mapping[str, Any]]
WORDS = ("title", "description", "example", "examples")
"""Keywords that describe a schema without restricting values."""


class Components:
    """Collects components, and renames conflicting ones."""

    def __init__(self) -> None:
        self.sections: dict[str, dict[str, Any]] = {}

    def adopt(self, owner: str, parts: Parts) -> dict[Key, str]:
        """Add these. Returns the new names of the renamed ones."""
        own = {(section, name): value for section in SECTIONS for name, value in parts.get(section, {}).items()}
        renamed = {key: f"{owner.capitalize()}{key[1]}" for key in self._different(own)}
        for key, value in own.items():
            section, name = key
            self.sections.setdefault(section, {}).setdefault(renamed.get(key, name), rewritten(value, renamed))
        return renamed

    def _different(self, own: Mapping[Key, Any]) -> set[Key]:
        """Components whose name is used for something else, and all that refer to one of them."""
        different = {key for key, value in own.items() if self._kept(key) not in (None, meaning(value))}
        while True:
            more = {key for key, value in own.items() if key not in different and different & set(references(value))}
            if not more:
                return different
            different |= more

    def _kept(self, key: Key) -> Any:
        section, name = key
        return meaning(self.sections.get(section, {}).get(name))


def meaning(value: Any) -> Any:
    """A copy without descriptions, which may differ between services. (A field with such a name stays.)"""
    if isinstance(value, list):
        return [meaning(each) for each in value]
    if not isinstance(value, dict):
        return value
    fields = {name: meaning(each) for name, each in value.get("properties", {}).items()}
    others = {name: meaning(each) for name, each in value.items() if name not in (*WORDS, "properties")}
    return {**others, "properties": fields} if fields else others


def references(value: Any) -> Iterator[Key]:
    """All components that this value refers to."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "$ref" and (found := _REFERENCE.match(str(each))):
                yield found[1], found[2]
            else:
                yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def rewritten(value: Any, renamed: Mapping[Key, str]) -> Any:
    """A copy that refers to the components by their new names."""
    if isinstance(value, dict):
        return {name: rewritten(each, renamed) for name, each in value.items()}
    if isinstance(value, list):
        return [rewritten(each, renamed) for each in value]
    if isinstance(value, str) and value.startswith("#/components/"):
        return _REFERENCE.sub(lambda found: _named(found, renamed), value, count=1)
    return value


def _named(found: re.Match[str], renamed: Mapping[Key, str]) -> str:
    section, name = found[1], found[2]
    return f"#/components/{section}/{renamed.get((section, name), name)}"
