"""The target of a request: its path, and query parameters that the route declares, each at most once."""

from collections import Counter
from urllib.parse import parse_qsl, quote

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from shared.errors import FieldError, Invalid, Malformed

MAX_FIELD_ERRORS = 20
"""In one response: a query may contain thousands of names."""

_UNESCAPED = "/:@!$&'()*+,;="


def request_path(request: Request) -> str:
    """The escaped path: safe in a response, whatever bytes the client sent."""
    # Not `request.url.path`: it decodes the query as well, and fails if that is not UTF-8.
    return quote(request.scope["path"], safe=_UNESCAPED, errors="replace")


def declared_by(route: APIRoute) -> frozenset[str]:
    """The names of the query parameters of this route and its dependencies."""
    return frozenset(each.alias for each in get_flat_params(route.dependant) if isinstance(each.field_info, Query))


def pairs(request: Request) -> list[tuple[str, str]]:
    """The parameters in order. Raises Malformed if the query is not percent-encoded UTF-8."""
    try:
        text = request.scope["query_string"].decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError as problem:
        raise Malformed("malformed_query", "The query is not percent-encoded UTF-8.") from problem


def check(request: Request, declared: frozenset[str]) -> None:
    """Raises Invalid for unknown and repeated parameters, which would have no effect."""
    if not request.scope["query_string"]:
        return
    given = Counter(name for name, _ in pairs(request))
    field_errors = [_unknown(name) for name in given if name not in declared]
    field_errors += [_repeated(name) for name, times in given.items() if times > 1 and name in declared]
    if field_errors:
        codes = {each.code for each in field_errors}
        code = codes.pop() if len(codes) == 1 else "validation_failed"
        detail = "; ".join(f"{each.pointer}: {each.detail}" for each in field_errors)[:1000]
        raise Invalid(code, detail, field_errors=tuple(field_errors[:MAX_FIELD_ERRORS]))


def _unknown(name: str) -> FieldError:
    return FieldError.at(name, code="unknown_parameter", detail="This route has no such query parameter.")


def _repeated(name: str) -> FieldError:
    return FieldError.at(name, code="repeated_parameter", detail="A query parameter may be given only once.")
