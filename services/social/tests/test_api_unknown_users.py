"""Users without a local copy: auth is asked once, and its response is stored."""

from typing import Any

import httpx
import pytest

from services.social.settings import Settings
from shared import ids
from shared.database.engine import Database
from shared.security.service_calls import InternalCallerVerifier
from shared.testing import FakeTokenIssuer, LiveService, Stub, eventually

from .factories import edges, facts, person, purge_states, registered, relation_json, some_people
from .test_api import API, follow_url, refused


def knows(auth: Stub, person_id: int, **changes: Any) -> None:
    """Make auth know this user."""
    auth.answers[f"/internal/people/{ids.encode(person_id)}"] = {**registered(person_id), "deleted": False, **changes}


def knows_as_withdrawn(auth: Stub, person_id: int) -> None:
    """Make auth report this user as withdrawn."""
    knows(auth, person_id, nickname=None, name=None, version=0, deleted=True)


def auth_requests(auth: Stub) -> list[httpx.Request]:
    """All requests to auth about users."""
    return [each for each in auth.asked if each.url.path.startswith("/internal/people/")]


def test_two_unknown_users_can_follow_each_other_after_one_request_to_auth_each(
    social: LiveService, token_issuer: FakeTokenIssuer, auth: Stub, database: Database
) -> None:
    jo, star = ids.new(), ids.new()
    knows(auth, jo)
    knows(auth, star, nickname="star", avatar_url="/api/v1/avatars/1.jpg")
    for _ in range(2):
        answer = social.client.put(follow_url(star), headers=token_issuer.bearer(jo))
        assert answer.json() == relation_json(star, following=True)
    assert edges(database) == {(jo, star)} and len(auth_requests(auth)) == 2
    assert (person(database, star).nickname, person(database, star).avatar_url) == ("star", "/api/v1/avatars/1.jpg")


def test_social_authenticates_to_auth(social: LiveService, auth: Stub, settings: Settings) -> None:
    someone = ids.new()
    knows(auth, someone)
    social.client.get(f"{API}/users/{ids.encode(someone)}/counts")
    token = auth_requests(auth)[0].headers["authorization"].removeprefix("Bearer ")
    assert InternalCallerVerifier("auth", {"social": settings.caller_key("auth")}).check(token) == "social"


@pytest.mark.parametrize("part", ["followers", "following", "counts"])
def test_new_user_has_empty_lists(social: LiveService, auth: Stub, part: str) -> None:
    newcomer = ids.new()
    knows(auth, newcomer)
    answer = social.client.get(f"{API}/users/{ids.encode(newcomer)}/{part}")
    assert answer.status_code == 200
    assert answer.json() in (
        {"items": [], "next_cursor": None},
        {
            "followers_count": 0,
            "following_count": 0,
            "followed_by_some": None,
        },
    )


@pytest.mark.parametrize("part", ["followers", "following", "counts"])
def test_user_unknown_to_auth_is_not_found(social: LiveService, part: str) -> None:
    refused(social.client.get(f"{API}/users/{ids.encode(ids.new())}/{part}"), 404, "not_found")


def test_user_unknown_to_auth_cannot_be_followed(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    (jo,) = some_people(database, 1)
    for method in ("PUT", "DELETE"):
        answer = social.client.request(method, follow_url(ids.new()), headers=token_issuer.bearer(jo))
        refused(answer, 404, "not_found")
    assert edges(database) == set()


def test_unknown_user_who_has_withdrawn_is_not_found_and_stored_as_a_tombstone(
    social: LiveService, token_issuer: FakeTokenIssuer, auth: Stub, database: Database
) -> None:
    jo, gone = *some_people(database, 1), ids.new()
    knows_as_withdrawn(auth, gone)
    refused(social.client.put(follow_url(gone), headers=token_issuer.bearer(jo)), 404, "not_found")
    refused(social.client.put(follow_url(jo), headers=token_issuer.bearer(gone)), 401, "invalid_token")
    assert person(database, gone).deleted and len(auth_requests(auth)) == 1
    eventually(lambda: purge_states(database) == {gone: "purged"})
    assert facts(database) == [("user.purged.v1", {"user_id": ids.encode(gone), "service": "social"})]


def test_only_unknown_users_get_503_while_auth_is_unavailable(
    social: LiveService, token_issuer: FakeTokenIssuer, auth: Stub, database: Database
) -> None:
    jo, star = some_people(database, 2)
    auth.down = True
    answer = social.client.put(follow_url(ids.new()), headers=token_issuer.bearer(jo))
    refused(answer, 503, "neighbour_unavailable")
    assert answer.headers["retry-after"] == "1" and edges(database) == set()
    assert social.client.put(follow_url(star), headers=token_issuer.bearer(jo)).status_code == 200
    assert social.client.get(f"{API}/users/{ids.encode(star)}/followers").status_code == 200


def test_newer_event_is_not_overwritten_by_an_older_response_of_auth(
    social: LiveService, auth: Stub, database: Database
) -> None:
    someone = ids.new()
    knows(auth, someone, nickname="old", version=1)
    social.client.get(f"{API}/users/{ids.encode(someone)}/counts")
    social.deliver("user.updated.v1", registered(someone, 3, nickname="newest"))
    social.deliver("user.updated.v1", registered(someone, 2, nickname="newer"))
    assert person(database, someone).nickname == "newest"
