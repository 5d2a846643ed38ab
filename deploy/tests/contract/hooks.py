"""Hooks of Schemathesis (SCHEMATHESIS_HOOKS): fills in requests, and records responses.

PEOPLE is the file of the users that send requests, BASE the URL of the instance.
"""

import json
import os
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis.strategies import just
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import EnsureResourceAvailability, UseAfterFree
from schemathesis.transport.serialization import Binary

from deploy.tests.journeys.image_files import picture
from deploy.tests.journeys.person import API
from deploy.tests.journeys.responses import answer
from shared.testing.waiting import WAIT_SECONDS

from .filling import fill
from .sample_users import Known, Owner, last_part

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "HEIF", "AVIF")
FORM = "multipart/form-data"
GONE = (204, 404)
NAMES = ("id", "url", "nickname", "email", "phone")
"""Ends of the names of fields that hold what can be asked for."""


class Stage:
    """The users, and the values from responses so far."""

    def __init__(self, base_url: str, people: list[dict[str, Any]]) -> None:
        web = httpx.Client(base_url=base_url, timeout=WAIT_SECONDS)
        friend = Known.newcomer(web)
        self.owners = {each["name"]: Owner(_known(web, each), friend) for each in people}
        self.told: set[str] = set()

    def owner_of(self, case: schemathesis.Case[Any]) -> Owner:
        """The user of a request; for anonymous requests, the user whose resources are requested."""
        return self.owners.get(case.auth_identity or "") or next(iter(self.owners.values()))

    def hear(self, value: Any, field: str = "") -> None:
        """Record every id, handle and URL in a response; other texts such as "0" are not recorded."""
        if isinstance(value, dict):
            for name, each in value.items():
                self.hear(each, name)
        elif isinstance(value, list):
            for each in value:
                self.hear(each, field)
        elif isinstance(value, str) and field.endswith(NAMES):
            self.told |= {value, last_part(value)}

    def forget(self, case: schemathesis.Case[Any]) -> None:
        """The requested resource has been deleted."""
        for owner in self.owners.values():
            for thing in case.path_parameters.values():
                owner.forget(str(thing))


def _known(web: httpx.Client, each: dict[str, Any]) -> Known:
    given = each["loginEndpointAuth"]["payloadUserPwd"]
    person = Known(web, nickname=given["username"], password=given["password"])
    answer(person.log_in())
    person.id = answer(person.account())["id"]
    return person


stage = Stage(os.environ["BASE"], json.loads(Path(os.environ["PEOPLE"]).read_text())["auth"])
for kind in FORMATS:
    schemathesis.openapi.media_type(f"image/{kind.lower()}", just(picture(kind)))


@schemathesis.hook
def before_add_examples(_: schemathesis.HookContext, examples: list[schemathesis.Case[Any]]) -> None:
    """There is no example of a file; without one it would be empty."""
    for case in examples:
        if case.media_type == FORM and isinstance(case.body, dict):
            case.body["file"] = Binary(picture())


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Fill it in."""
    fill(case, stage.owner_of(case), stage.told)


@schemathesis.hook
def after_call(_: schemathesis.HookContext, case: schemathesis.Case[Any], response: schemathesis.Response) -> None:
    """Record the response."""
    if response.status_code in GONE and case.method != "OPTIONS":
        stage.forget(case)
    if "application/json" in response.headers.get("content-type", []):
        stage.hear(response.json())


@schemathesis.hook
def filter_failure(
    _: schemathesis.HookContext, failure: Failure, case: schemathesis.Case[Any], response: schemathesis.Response
) -> bool:
    """All failures count except three false ones; the report has the number of dropped ones."""
    return not (_is_plural(failure, case) or _is_text_after_all(failure, case) or _is_file_name(failure, case))


def _is_plural(failure: Failure, case: schemathesis.Case[Any]) -> bool:
    """The check takes the list of likers for the collection of the user's own like, which was deleted."""
    return isinstance(failure, UseAfterFree) and failure.free.endswith("/like") and case.path.endswith("/likes")


def _is_text_after_all(failure: Failure, case: schemathesis.Case[Any]) -> bool:
    """Forms have no types: a number is sent as text. The check knows that only for forms without files."""
    if not isinstance(failure, AcceptedNegativeData) or case.media_type != FORM or not isinstance(case.body, dict):
        return False
    return not isinstance(case.body.get("alt"), str)


def _is_file_name(failure: Failure, case: schemathesis.Case[Any]) -> bool:
    """The Location of an upload is the URL of a file, for GET; PATCH at the same path takes the id of the photo."""
    if not isinstance(failure, EnsureResourceAvailability) or case.operation.label != f"PATCH {API}/media/{{name}}":
        return False
    return not case.path_parameters["name"].isdecimal()
