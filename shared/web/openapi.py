"""A service's OpenAPI 3.1 document as it truly behaves: every problem in its own media type, one schema for all."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from shared.web.problems import MEDIA_TYPE, Problem

_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")
_TEXT = {"type": "string"}
_LOCATION = {"description": "Where it is found", "required": True, "schema": _TEXT}
_LINK = {"description": 'The next page, where there is one: `<url>; rel="next"` (RFC 8288)', "schema": _TEXT}


def install(app: FastAPI) -> None:
    """Let `app.openapi()` and `/openapi.json` give our document; it is made once."""
    app.openapi = lambda: _once(app)  # type: ignore[method-assign] # the framework's own way to replace it


def _once(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = _document(app)
    return app.openapi_schema


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes, description=app.description)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for operations in document["paths"].values():
        for operation in operations.values():
            _without_framework_answers(operation["responses"])
            _with_headers(operation)
    for name in _FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    _, definitions = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
    schemas.update(definitions["$defs"])
    return document


def _without_framework_answers(responses: dict[str, Any]) -> None:
    """The framework declares its own 422 wherever there is a parameter; only ours are ever given."""
    declared = responses.get("422", {}).get("content", {})
    if declared and MEDIA_TYPE not in declared:
        del responses["422"]


def _with_headers(operation: dict[str, Any]) -> None:
    """Whatever is made says where it is, and every list how it goes on."""
    responses = operation["responses"]
    if "201" in responses:
        responses["201"].setdefault("headers", {})["Location"] = _LOCATION
    if any(parameter["name"] == "cursor" for parameter in operation.get("parameters", [])):
        responses["200"].setdefault("headers", {})["Link"] = _LINK
