"""Fills in what a schema cannot know: which ids there are, whose password it is, which text is a phone number.

Only the valid parts of a request are touched, and of those only values that nobody but the server can give, or that a
rule beyond JSON Schema refuses. What is wrong on purpose stays wrong. So do ids that the server has told: what was
deleted has to be asked for as well.
"""

from collections.abc import Callable, MutableMapping
from contextlib import suppress
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation

from deploy.tests.journeys.person import API, Person, fresh_email, fresh_nickname, fresh_password, fresh_phone
from services.auth import handles, passwords
from shared.errors import Invalid

from .sample_users import Owner

LONGEST_KEY = 255
FOLLOW = f"{API}/users/{{user_id}}/follow"
ROOM_PHOTO = f"{API}/rooms/{{room_id}}/media/{{media_id}}/{{rendition}}"
LAST_DEEDS = (
    ("POST", f"{API}/auth/logout"),
    ("DELETE", f"{API}/auth/sessions"),
    ("PATCH", f"{API}/users/me"),
    ("POST", f"{API}/users/me/deletion"),
)
"""After these nobody could go on as before: they are done by somebody who was made for it."""
Fields = MutableMapping[str, Any]
_numbers = count()


def fill(case: Case[Any], owner: Owner, told: set[str]) -> None:
    """Make the valid parts of this request speak of what is there; `told` is what the server has told."""
    actor = _actor(case, owner)
    if _is_valid(case, ParameterLocation.PATH) and case.path_parameters:
        _path(case, owner, told)
    if _is_valid(case, ParameterLocation.QUERY) and "ids" in case.query:
        case.query = {"ids": case.query["ids"]}  # beside them there are no pages, which no schema can say
    if _is_valid(case, ParameterLocation.QUERY) and "cursor" in case.query:
        _cursor(case, owner)
    if _is_valid(case, ParameterLocation.HEADER) and "Idempotency-Key" in case.headers:
        key = case.headers["Idempotency-Key"]  # one that was used before belongs to another body
        case.headers["Idempotency-Key"] = f"{key}-{next(_numbers)}"[-LONGEST_KEY:].strip()
    if _is_valid(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        with suppress(AssertionError):  # of a thing that is not there, nothing can be made
            _body(case, case.body, owner, actor)
            _names(case.body, told)


def _is_valid(case: Case[Any], place: ParameterLocation) -> bool:
    return case.meta is None or not case.meta.is_negative_at(place)


def _actor(case: Case[Any], owner: Owner) -> Person:
    if (case.method, case.path) not in LAST_DEEDS or case.auth_identity is None or "Authorization" not in case.headers:
        return owner.person
    actor = Person.newcomer(owner.person.web)
    case.headers["Authorization"] = f"Bearer {actor.access_token}"
    return actor


def _path(case: Case[Any], owner: Owner, told: set[str]) -> None:
    given: Fields = case.path_parameters
    if case.path == FOLLOW and given["user_id"] == owner.person.id:
        given["user_id"] = owner.friend.id
    if case.path == ROOM_PHOTO:
        _link(case, owner)
        return
    if all(str(value) in told for value in given.values()):
        return
    for name, value in given.items():
        if value not in told:
            given[name] = _THINGS[_kind(case, name)](owner)
    if "message_id" in given:  # the room that was told may be another's
        given["room_id"] = owner.room()
        given["message_id"] = owner.message_in(given["room_id"])


def _kind(case: Case[Any], name: str) -> str:
    return case.path.split("/")[3] if name == "name" else name


_THINGS: dict[str, Callable[[Owner], str]] = {
    "avatars": Owner.avatar_name,
    "comment_id": Owner.comment,
    "media": Owner.photo_name,
    "message_id": lambda _: "",
    "nickname": lambda owner: owner.friend.nickname,
    "post_id": Owner.post,
    "room_id": Owner.room,
    "session_id": Owner.session,
    "user_id": lambda owner: owner.friend.id,
}


def _link(case: Case[Any], owner: Owner) -> None:
    """The path and the query of a signed link belong together."""
    room_id = owner.room()
    url = urlsplit(owner.photo_in(room_id)["url"])
    media_id, rendition = url.path.split("/")[-2:]
    case.path_parameters.update(room_id=room_id, media_id=media_id, rendition=rendition)
    if _is_valid(case, ParameterLocation.QUERY):
        case.query.update(parse_qsl(url.query))


def _cursor(case: Case[Any], owner: Owner) -> None:
    """That of the first page of the same list; none where that is all."""
    del case.query["cursor"]
    first = owner.person.fetch("GET", case.formatted_path, params={**case.query, "limit": 1})
    found = first.json().get("next_cursor") if first.is_success else None
    if found is not None:
        case.query["cursor"] = found


def _body(case: Case[Any], body: Fields, owner: Owner, actor: Person) -> None:
    for name in body.keys() & _VALUES.keys():
        body[name] = _VALUES[name](owner, body[name])
    if "identifier" in body:
        body.update(identifier=owner.friend.nickname, password=owner.friend.password)
    if "current_password" in body:
        body["current_password"] = actor.password
    if "room_id" in case.path_parameters:
        _message(body, owner, case.path_parameters["room_id"])
    if body.get("parent_id") is not None:
        body["parent_id"] = owner.comment_on(case.path_parameters["post_id"])


_VALUES: dict[str, Callable[[Owner, Any], Any]] = {
    "media_ids": lambda owner, given: [owner.photo() for _ in given],
    "post_id": lambda owner, _: owner.post(),
    "refresh_token": lambda owner, _: owner.person.elsewhere().refresh_token,
    "user_id": lambda owner, _: owner.company(),
}


def _message(body: Fields, owner: Owner, room_id: str) -> None:
    if "media_id" in body:
        body["media_id"] = owner.photo_in(room_id)["id"]
    for name in ("message_id", "reply_to"):
        if body.get(name) is not None:
            body[name] = owner.message_in(room_id)


def _names(body: Fields, told: set[str]) -> None:
    """Free ones, of a form that the system's own rules take; and no common password."""
    for name in body.keys() & _HANDLES.keys():
        rule, fresh = _HANDLES[name]
        with suppress(Invalid):
            if body[name] is None or rule(body[name]).value not in told:
                continue
        body[name] = fresh()
    for name in body.keys() & {"password", "new_password"}:
        with suppress(Invalid):
            passwords.check(body[name], name)
            continue
        body[name] = fresh_password()


_HANDLES: dict[str, tuple[Callable[[str], handles.Handle], Callable[[], str]]] = {
    "email": (handles.email, fresh_email),
    "nickname": (handles.nickname, fresh_nickname),
    "phone": (lambda given: handles.phone(given, "KR"), fresh_phone),
}
