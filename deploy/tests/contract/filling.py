"""Fills in values that a schema cannot describe: existing ids, passwords, phone numbers.

Only valid parts of a request are changed, and only values that only the server can give, or that a rule beyond JSON
Schema refuses. Deliberately invalid values stay. So do ids from earlier responses: deleted resources must be requested
too.
"""

from collections.abc import Callable, MutableMapping
from contextlib import suppress
from itertools import count
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pyotp
from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation

from deploy.tests import identities, passkeys
from deploy.tests.journeys.person import API, Person, fresh_email, fresh_nickname, fresh_password, fresh_phone
from deploy.tests.journeys.responses import answer
from services.auth import handles, passwords
from shared.errors import Invalid
from shared.testing.push_service import Browser

from .sample_users import Owner

LONGEST_KEY = 255
BLOCK = f"{API}/users/{{user_id}}/block"
FOLLOW = f"{API}/users/{{user_id}}/follow"
MUTE = f"{API}/users/{{user_id}}/mute"
FOLLOWER = f"{API}/users/me/followers/{{user_id}}"
EXPORT = f"{API}/exports/{{name}}"
PASSKEYS = f"{API}/auth/passkeys"
PROVIDERS = f"{API}/auth/providers/{{provider}}"
IDENTITY = f"{API}/users/me/identities/{{provider}}"
ACCEPTANCE = f"{API}/rooms/{{room_id}}/acceptance"
ROOM_PHOTO = f"{API}/rooms/{{room_id}}/media/{{media_id}}/{{rendition}}"
LAST_DEEDS = (
    ("POST", f"{API}/auth/logout"),
    ("DELETE", f"{API}/auth/sessions"),
    ("PATCH", f"{API}/users/me"),
    ("POST", f"{API}/users/me/deletion"),
    *((method, f"{API}/users/me/totp") for method in ("POST", "PUT", "DELETE")),
)
"""Operations that change how the user logs in, or end the account or session: users created for them send them."""
Fields = MutableMapping[str, Any]
_numbers = count()


def fill(case: Case[Any], owner: Owner, told: set[str]) -> None:
    """Make the valid parts of this request refer to existing resources; `told` are values from responses."""
    actor = _actor(case, owner)
    if case.path == f"{API}/users/me/export" and case.method == "GET":
        assert owner.export_url
    if case.path == f"{PASSKEYS}/reauthentication":
        owner.passkey()
    if _is_valid(case, ParameterLocation.PATH) and case.path_parameters:
        _path(case, owner, told)
    if _is_valid(case, ParameterLocation.QUERY) and "ids" in case.query:
        case.query = {"ids": case.query["ids"]}  # `ids` excludes the page parameters, which a schema cannot express
    if _is_valid(case, ParameterLocation.QUERY) and "cursor" in case.query:
        _cursor(case, owner)
    if _is_valid(case, ParameterLocation.HEADER) and "Idempotency-Key" in case.headers:
        key = case.headers["Idempotency-Key"]  # a used key belongs to another body
        case.headers["Idempotency-Key"] = f"{key}-{next(_numbers)}"[-LONGEST_KEY:].strip()
    if _is_valid(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        with suppress(AssertionError):  # a resource may not exist any more
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
    if (case.method, case.path) in _USERS:
        given["user_id"] = _USERS[case.method, case.path](owner)
        return
    if (case.method, case.path) == ("DELETE", ACCEPTANCE):
        given["room_id"] = owner.request()
        return
    if case.path in (ROOM_PHOTO, EXPORT):
        _link(case, owner)
        return
    if all(str(value) in told for value in given.values()):
        return
    for name, value in given.items():
        if value not in told:
            given[name] = _THINGS[_kind(case, name)](owner)
    if "message_id" in given:  # the recorded room may be another user's
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
    "passkey_id": Owner.passkey,
    "post_id": Owner.post,
    "provider": lambda _: identities.PROVIDER,
    "invitation_id": lambda owner: owner.friend.id,
    "report_id": lambda owner: owner.friend.id,  # only moderators can see one
    "room_id": Owner.room,
    "session_id": Owner.session,
    "subscription_id": Owner.push_subscription,
    "tag": lambda _: "harbour",
    "user_id": lambda owner: owner.friend.id,
}


_USERS: dict[tuple[str, str], Callable[[Owner], str]] = {
    **{
        (method, path): lambda owner: owner.friend.id  # a recorded one may be blocked, be gone, or be this user
        for method in ("PUT", "DELETE")
        for path in (FOLLOW, MUTE, BLOCK, FOLLOWER)
    },
    ("PUT", BLOCK): lambda owner: Person.registered(owner.person.web).id,  # the others must still see each other
}


def _link(case: Case[Any], owner: Owner) -> None:
    """The path and the query of a signed URL belong together."""
    if case.path == EXPORT:
        url = urlsplit(owner.export_url)
        case.path_parameters["name"] = url.path.rpartition("/")[2]
    else:
        room_id = owner.room()
        url = urlsplit(owner.photo_in(room_id)["url"])
        media_id, rendition = url.path.split("/")[-2:]
        case.path_parameters.update(room_id=room_id, media_id=media_id, rendition=rendition)
    if _is_valid(case, ParameterLocation.QUERY):
        case.query.update(parse_qsl(url.query))


def _cursor(case: Case[Any], owner: Owner) -> None:
    """Of the first page of the same list; none if that is the only one."""
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
    if "passkey" in body and case.path != f"{API}/auth/login":
        _passkey(case, body, owner, actor)
    _sign_in(case, body, owner)
    if "current_password" in body:
        body["current_password"] = actor.password
    if "code" in body and case.path.endswith("/totp"):
        begun = actor.send("POST", "/users/me/totp", json={"current_password": actor.password})
        body["code"] = pyotp.TOTP(answer(begun, 201)["secret"]).now()
    if "room_id" in case.path_parameters:
        _message(body, owner, case.path_parameters["room_id"])
    if body.get("parent_id") is not None:
        body["parent_id"] = owner.comment_on(case.path_parameters["post_id"])


def _passkey(case: Case[Any], body: Fields, owner: Owner, actor: Person) -> None:
    """An answer that an authenticator gives; as a proof, the password instead."""
    if case.path == f"{PASSKEYS}/registration/verify":
        body["passkey"] = passkeys.new_passkey(actor)["passkey"]
        if case.auth_identity is not None and "Authorization" in case.headers:  # the options are for one session
            case.headers["Authorization"] = f"Bearer {actor.access_token}"
    elif case.path == f"{PASSKEYS}/login/verify":
        body["passkey"] = passkeys.login_answer(owner.friend, owner.passkey_of_friend)["passkey"]
    else:
        body["current_password"] = body.pop("passkey")


def _sign_in(case: Case[Any], body: Fields, owner: Owner) -> None:
    """What the provider gives to a browser, and the continuation of an identity that nobody has."""
    if "provider" not in case.path_parameters:
        return
    case.path_parameters["provider"] = identities.PROVIDER
    if case.path == f"{PROVIDERS}/start":
        body.update(identities.start_body())
    elif case.path == f"{PROVIDERS}/finish":
        body.clear()
        body.update(identities.answer_of(owner.friend_with_identity))
    else:
        if case.path == IDENTITY:
            owner.person.send("DELETE", f"/users/me/identities/{identities.PROVIDER}")
        body["continuation"] = identities.continuation(owner.friend, token_hex(8))


_VALUES: dict[str, Callable[[Owner, Any], Any]] = {
    "media_ids": lambda owner, given: [owner.photo() for _ in given],
    "post_id": lambda owner, _: owner.post(),
    "refresh_token": lambda owner, _: owner.person.elsewhere().refresh_token,
    "subject": lambda owner, _: {"kind": "user", "id": owner.friend.id},
    "up_to": lambda owner, _: owner.notification(),
    "endpoint": lambda *_: f"https://push.example.com/{token_hex(8)}",
    "keys": lambda *_: Browser("/").subscription("")["keys"],
    "user_id": lambda owner, _: owner.company(),
}


def _message(body: Fields, owner: Owner, room_id: str) -> None:
    if "media_id" in body:
        body["media_id"] = owner.photo_in(room_id)["id"]
    for name in ("message_id", "reply_to"):
        if body.get(name) is not None:
            body[name] = owner.message_in(room_id)


def _names(body: Fields, told: set[str]) -> None:
    """Unused ones that pass the service's rules; and no common password."""
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
