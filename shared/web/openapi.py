"""A service's OpenAPI 3.1 document as it truly behaves: every problem in its own media type, one schema for all."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from shared.web.problems import MEDIA_TYPE, Problem

_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")


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
