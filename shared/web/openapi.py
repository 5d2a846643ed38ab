"""The OpenAPI 3.1 document of a service: every problem with its own media type, one schema for all."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from shared.problem_details import MEDIA_TYPE, Problem

_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")
_FORM = "Body_"
"""The prefix of the names of schemas that the framework generates for form fields."""
_REFERENCE = "#/components/schemas/"
_TEXT = {"type": "string"}
_BYTES = {"type": "string", "format": "binary"}
"""OpenAPI 3.1 would omit `format`, but generators recognise binary data only by it."""
_LOCATION = {"description": "The URL of the created resource", "required": True, "schema": _TEXT}
_LINK = {"description": 'The next page, if there is one: `<url>; rel="next"` (RFC 8288)', "schema": _TEXT}


def install(app: FastAPI, service: str) -> None:
    """Make `app.openapi()` and `/openapi.json` return this document, which is built once."""
    app.openapi = lambda: _once(app, service)  # type: ignore[method-assign] # the framework's own way to replace it


def _once(app: FastAPI, service: str) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = _document(app, service)
    return app.openapi_schema


def _document(app: FastAPI, service: str) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes, description=app.description)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for operation, name in _operations(document, app):
        operation["operationId"] = f"{service}_{name}"
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _without_null(parameter["schema"])
        _without_framework_answers(operation["responses"])
        _with_headers(operation)
        _with_bytes(operation["responses"])
        _with_its_form(operation, schemas)
    for name in [name for name in schemas if name in _FRAMEWORK_SCHEMAS or name.startswith(_FORM)]:
        del schemas[name]
    _, definitions = models_json_schema([(Problem, "validation")], ref_template=_REFERENCE + "{model}")
    schemas.update(definitions["$defs"])
    return document


def _operations(document: dict[str, Any], app: FastAPI) -> Iterator[tuple[dict[str, Any], str]]:
    """Each operation, and the name of its route."""
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                yield document["paths"][route.path_format][method.lower()], route.name


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Remove null from the schemas of parameters and form fields, which are text and can only be omitted."""
    others = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(others) != 1:
        return schema
    return {**others[0], **{name: value for name, value in schema.items() if name != "anyOf"}}


def _without_framework_answers(responses: dict[str, Any]) -> None:
    """Remove the framework's own 422 from routes with parameters; the responses are problem documents."""
    declared = responses.get("422", {}).get("content", {})
    if declared and MEDIA_TYPE not in declared:
        del responses["422"]


def _with_headers(operation: dict[str, Any]) -> None:
    """Add the headers `Location` of created resources and `Link` of lists."""
    responses = operation["responses"]
    if "201" in responses:
        responses["201"].setdefault("headers", {})["Location"] = _LOCATION
    if any(parameter["name"] == "cursor" for parameter in operation.get("parameters", [])):
        responses["200"].setdefault("headers", {})["Link"] = _LINK


def _with_bytes(responses: dict[str, Any]) -> None:
    """Add a binary schema to responses whose media type has none."""
    for response in responses.values():
        for media in response.get("content", {}).values():
            media.setdefault("schema", _BYTES)


def _with_its_form(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Inline the schema of a form: its generated name has no meaning for readers."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        name = media.get("schema", {}).get("$ref", "").removeprefix(_REFERENCE)
        if not name.startswith(_FORM):
            continue
        form = {key: value for key, value in schemas[name].items() if key != "title"}
        form["additionalProperties"] = False
        fields = form["properties"]
        form["properties"] = {field: _with_format(_without_null(schema)) for field, schema in fields.items()}
        media["schema"] = form


def _with_format(schema: dict[str, Any]) -> dict[str, Any]:
    """Add `format: binary` to files, for generators."""
    return {**schema, "format": "binary"} if "contentMediaType" in schema else schema
