"""People whom no fact has told of yet: auth is asked once, and what it says is kept."""

from typing import Any

import httpx
import pytest

from services.social.settings import Settings
from shared import ids
from shared.database.engine import Database
from shared.security.service_calls import InternalCallerVerifier
from shared.testing import FakeTokenIssuer, LiveService, Stub, eventually

from .factories import edges, facts, person, purge_states, registered, some_people
from .test_api import API, follow_url, refused


def knows(auth: Stub, person_id: int, **changes: Any) -> None:
    """Let auth know somebody."""
    auth.answers[f"/internal/people/{ids.encode(person_id)}"] = {**registered(person_id), "deleted": False, **changes}


def knows_as_withdrawn(auth: Stub, person_id: int) -> None:
    """Let auth know that somebody has withdrawn."""
    knows(auth, person_id, nickname=None, name=None, version=0, deleted=True)


def auth_requests(auth: Stub) -> list[httpx.Request]:
    """Everything that auth was asked about people."""
    return [each for each in auth.asked if each.url.path.startswith("/internal/people/")]


def test_two_strangers_can_follow_each_other_and_auth_is_asked_once_about_each(
    social: LiveService, token_issuer: FakeTokenIssuer, auth: Stub, database: Database
) -> None:
    jo, star = ids.new(), ids.new()
    knows(auth, jo)
    knows(auth, star, nickname="star", avatar_url="/api/v1/avatars/1.jpg")
    for _ in range(2):
        answer = social.client.put(follow_url(star), headers=token_issuer.bearer(jo))
        assert answer.json() == {"user_id": ids.encode(star), "following": True, "followed_by": False}
    assert edges(database) == {(jo, star)} and len(auth_requests(auth)) == 2
    assert (person(database, star).nickname, person(database, star).avatar_url) == ("star", "/api/v1/avatars/1.jpg")


def test_social_proves_to_auth_who_it_is(social: LiveService, auth: Stub, settings: Settings) -> None:
    someone = ids.new()
    knows(auth, someone)
    social.client.get(f"{API}/users/{ids.encode(someone)}/counts")
    token = auth_requests(auth)[0].headers["authorization"].removeprefix("Bearer ")
    assert InternalCallerVerifier("auth", {"social": settings.caller_key("auth")}).check(token) == "social"


@pytest.mark.parametrize("part", ["followers", "following", "counts"])
def test_somebody_who_has_just_signed_up_has_empty_lists(social: LiveService, auth: Stub, part: str) -> None:
    newcomer = ids.new()
    knows(auth, newcomer)
    answer = social.client.get(f"{API}/users/{ids.encode(newcomer)}/{part}")
    assert answer.status_code == 200
    assert answer.json() in ({"items": [], "next_cursor": None}, {"followers_count": 0, "following_count": 0})


@pytest.mark.parametrize("part", ["followers", "following", "counts"])
def test_whom_auth_does_not_know_either_is_not_there(social: LiveService, part: str) -> None:
    refused(social.client.get(f"{API}/users/{ids.encode(ids.new())}/{part}"), 404, "not_found")


def test_whom_auth_does_not_know_cannot_be_followed(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    (jo,) = some_people(database, 1)
    for method in ("PUT", "DELETE"):
        answer = social.client.request(method, follow_url(ids.new()), headers=token_issuer.bearer(jo))
        refused(answer, 404, "not_found")
    assert edges(database) == set()


def test_a_stranger_who_has_withdrawn_is_not_there_and_is_buried_here_too(
    social: LiveService, token_issuer: FakeTokenIssuer, auth: Stub, database: Database
) -> None:
    jo, gone = *some_people(database, 1), ids.new()
    knows_as_withdrawn(auth, gone)
    refused(social.client.put(follow_url(gone), headers=token_issuer.bearer(jo)), 404, "not_found")
    refused(social.client.put(follow_url(jo), headers=token_issuer.bearer(gone)), 401, "invalid_token")
    assert person(database, gone).deleted and len(auth_requests(auth)) == 1
    eventually(lambda: purge_states(database) == {gone: "purged"})
    assert facts(database) == [("user.purged.v1", {"user_id": ids.encode(gone), "service": "social"})]


def test_while_auth_is_away_strangers_are_told_to_come_back_and_known_people_notice_nothing(
    social: LiveService, token_issuer: FakeTokenIssuer, auth: Stub, database: Database
) -> None:
    jo, star = some_people(database, 2)
    auth.down = True
    answer = social.client.put(follow_url(ids.new()), headers=token_issuer.bearer(jo))
    refused(answer, 503, "neighbour_unavailable")
    assert answer.headers["retry-after"] == "1" and edges(database) == set()
    assert social.client.put(follow_url(star), headers=token_issuer.bearer(jo)).status_code == 200
    assert social.client.get(f"{API}/users/{ids.encode(star)}/followers").status_code == 200


def test_what_a_fact_said_later_is_not_undone_by_an_older_answer_of_auth(
    social: LiveService, auth: Stub, database: Database
) -> None:
    someone = ids.new()
    knows(auth, someone, nickname="old", version=1)
    social.client.get(f"{API}/users/{ids.encode(someone)}/counts")
    social.deliver("user.updated.v1", registered(someone, 3, nickname="newest"))
    social.deliver("user.updated.v1", registered(someone, 2, nickname="newer"))
    assert person(database, someone).nickname == "newest"
