"""What Schemathesis calls while it runs (SCHEMATHESIS_HOOKS): requests are filled in, and answers remembered.

PEOPLE is the file of those in whose name it asks, BASE where the instance is.
"""

import json
import os
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis.strategies import just
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import UseAfterFree
from schemathesis.transport.serialization import Binary

from deploy.tests.journeys.image_files import picture
from deploy.tests.journeys.person import Person
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
    """Who is there, and what the server has told so far."""

    def __init__(self, base_url: str, people: list[dict[str, Any]]) -> None:
        web = httpx.Client(base_url=base_url, timeout=WAIT_SECONDS)
        friend = Person.newcomer(web)
        self.owners = {each["name"]: Owner(_known(web, each), friend) for each in people}
        self.told: set[str] = set()

    def owner_of(self, case: schemathesis.Case[Any]) -> Owner:
        """Who asks. Whoever asks without a name asks for what somebody has."""
        return self.owners.get(case.auth_identity or "") or next(iter(self.owners.values()))

    def hear(self, value: Any, field: str = "") -> None:
        """Remember every id, handle and address in an answer; a text such as "0" is none of them, and a usual guess."""
        if isinstance(value, dict):
            for name, each in value.items():
                self.hear(each, name)
        elif isinstance(value, list):
            for each in value:
                self.hear(each, field)
        elif isinstance(value, str) and field.endswith(NAMES):
            self.told |= {value, last_part(value)}

    def forget(self, case: schemathesis.Case[Any]) -> None:
        """What was asked for is not there any more."""
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
    """Learn from the answer."""
    if response.status_code in GONE and case.method != "OPTIONS":
        stage.forget(case)
    if "application/json" in response.headers.get("content-type", []):
        stage.hear(response.json())


@schemathesis.hook
def filter_failure(
    _: schemathesis.HookContext, failure: Failure, case: schemathesis.Case[Any], response: schemathesis.Response
) -> bool:
    """All failures count but two that are none; the report says how many were dropped."""
    return not (_is_plural(failure, case) or _is_text_after_all(failure, case))


def _is_plural(failure: Failure, case: schemathesis.Case[Any]) -> bool:
    """To the check, the list of who likes a post is the plural of one's own like, which was taken back."""
    return isinstance(failure, UseAfterFree) and failure.free.endswith("/like") and case.path.endswith("/likes")


def _is_text_after_all(failure: Failure, case: schemathesis.Case[Any]) -> bool:
    """A form knows no types: a number arrives as text. The check knows that only of forms without a file."""
    if not isinstance(failure, AcceptedNegativeData) or case.media_type != FORM or not isinstance(case.body, dict):
        return False
    return not isinstance(case.body.get("alt"), str)
