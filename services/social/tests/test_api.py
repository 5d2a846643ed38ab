"""The routes over a real socket; each response is checked against the OpenAPI document."""

from typing import Any

import httpx
import pytest

from services.social.actions.withdrawals import WITHDRAWAL
from services.social.app import create_app
from services.social.settings import Settings
from shared import ids
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.testing import FakeTokenIssuer, LiveService, running_service
from shared.testing.altered import altered

from .factories import all_follow, edges, facts, relation_json, some_people

API = "/api/v1"


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document of a response with this status and code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code
    return problem


def follow_url(person_id: int) -> str:
    return f"{API}/users/{ids.encode(person_id)}/follow"


def test_follow_and_unfollow_are_idempotent(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    jo, star = some_people(database, 2)
    bearer = token_issuer.bearer(jo)
    followed = [social.client.put(follow_url(star), headers=bearer) for _ in range(2)]
    assert [each.status_code for each in followed] == [200, 200]
    relation = relation_json(star, following=True)
    assert [each.json() for each in followed] == [relation, relation]
    assert edges(database) == {(jo, star)}
    stopped = [social.client.delete(follow_url(star), headers=bearer) for _ in range(2)]
    assert [each.json() for each in stopped] == [{**relation, "following": False}] * 2
    assert edges(database) == set()


def test_event_carries_the_request_id(social: LiveService, token_issuer: FakeTokenIssuer, database: Database) -> None:
    jo, star = some_people(database, 2)
    social.client.put(follow_url(star), headers={**token_issuer.bearer(jo), "x-request-id": "followed-by-hand"})
    found = database.read(
        lambda connection: connection.exec_driver_sql("SELECT request_id FROM outbox").scalars().all()
    )
    assert found == ["followed-by-hand"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_follow_requires_a_token_and_another_user(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database, method: str
) -> None:
    (jo,) = some_people(database, 1)
    answer = social.client.request(method, follow_url(jo))
    refused(answer, 401, "invalid_token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    answer = social.client.request(method, follow_url(jo), headers=token_issuer.bearer(jo))
    assert refused(answer, 422, "cannot_follow_self")["errors"] == []
    refused(social.client.request(method, f"{API}/users/me/follow", headers=token_issuer.bearer(jo)), 404, "not_found")
    assert facts(database) == []


def test_followee_limit_is_a_setting(
    settings: Settings, token_issuer: FakeTokenIssuer, bus: Bus, database: Database
) -> None:
    jo, star, other = some_people(database, 3)
    app = create_app(settings.model_copy(update={"following_limit": 1}), bus)
    app.state.verifier = token_issuer.verifier()
    with running_service(app) as social:
        assert social.client.put(follow_url(star), headers=token_issuer.bearer(jo)).status_code == 200
        refused(social.client.put(follow_url(other), headers=token_issuer.bearer(jo)), 409, "following_limit_reached")
        assert social.client.put(follow_url(star), headers=token_issuer.bearer(jo)).status_code == 200
    assert edges(database) == {(jo, star)}


def test_token_of_a_withdrawn_user_is_refused(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    jo, star = some_people(database, 2)
    database.write(WITHDRAWAL.request, jo)
    refused(social.client.put(follow_url(star), headers=token_issuer.bearer(jo)), 401, "invalid_token")
    url = f"{API}/relations?user_ids={ids.encode(star)}"
    refused(social.client.get(url, headers=token_issuer.bearer(jo)), 401, "invalid_token")


def test_both_lists_are_public_and_paged(social: LiveService, database: Database) -> None:
    star, *fans = some_people(database, 6)
    all_follow(database, fans, star)
    url: str | None = f"{API}/users/{ids.encode(star)}/followers?limit=2"
    seen: list[str] = []
    pages = 0
    while url is not None:
        answer = social.client.get(url)
        assert answer.status_code == 200, answer.text
        seen += [each["id"] for each in answer.json()["items"]]
        url = answer.links["next"]["url"] if answer.json()["next_cursor"] else None
        pages += 1
    assert seen == [ids.encode(fan) for fan in reversed(fans)] and pages == 3
    following = social.client.get(f"{API}/users/{ids.encode(fans[0])}/following").json()
    assert following == {
        "items": [
            {"id": ids.encode(star), "nickname": "nick0", "name": "Name 0", "avatar_url": None, "deleted": False}
        ],
        "next_cursor": None,
    }


def test_cursor_of_another_list_is_refused(social: LiveService, database: Database) -> None:
    star, *fans = some_people(database, 3)
    all_follow(database, fans, star)
    followers = f"{API}/users/{ids.encode(star)}/followers"
    cursor = social.client.get(f"{followers}?limit=1").json()["next_cursor"]
    assert social.client.get(f"{followers}?cursor={cursor}").status_code == 200
    for forged in (altered(cursor, 0), "nonsense"):
        refused(social.client.get(f"{followers}?cursor={forged}"), 400, "invalid_cursor")
    other = f"{API}/users/{ids.encode(star)}/following?cursor={cursor}"
    refused(social.client.get(other), 400, "invalid_cursor")


def test_limit_outside_its_bounds_is_refused(social: LiveService, database: Database) -> None:
    (star,) = some_people(database, 1)
    for limit in ("0", "101", "-1", "many", ""):
        answer = social.client.get(f"{API}/users/{ids.encode(star)}/followers?limit={limit}")
        assert refused(answer, 422, "validation_failed")["errors"][0]["pointer"] == "/limit"


def test_counts_are_public(social: LiveService, database: Database) -> None:
    star, *fans = some_people(database, 4)
    all_follow(database, fans, star)
    answer = social.client.get(f"{API}/users/{ids.encode(star)}/counts")
    assert answer.json() == {"followers_count": 3, "following_count": 0, "followed_by_some": None}


def test_counts_name_some_that_the_reader_follows(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    star, reader, *fans = some_people(database, 6)
    all_follow(database, [*fans, reader], star)
    url = f"{API}/users/{ids.encode(star)}/counts"

    def some() -> list[str]:
        found: list[dict[str, str]] = social.client.get(url, headers=token_issuer.bearer(reader)).json()[
            "followed_by_some"
        ]
        return [each["id"] for each in found]

    assert some() == []
    for fan in fans:
        all_follow(database, [reader], fan)
    assert some() == [ids.encode(each) for each in reversed(fans[1:])]


def test_relations_are_returned_once_in_the_requested_order(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    jo, followed, follower = some_people(database, 3)
    all_follow(database, [jo], followed)
    all_follow(database, [follower], jo)
    unknown_user = ids.new()
    asked = ",".join(map(ids.encode, [follower, unknown_user, followed, follower, unknown_user]))
    answer = social.client.get(f"{API}/relations?user_ids={asked}", headers=token_issuer.bearer(jo))
    assert answer.json() == {
        "items": [
            relation_json(follower, followed_by=True),
            relation_json(unknown_user),
            relation_json(followed, following=True),
        ],
        "next_cursor": None,
    }


def test_relations_accept_one_to_a_hundred_users(social: LiveService, token_issuer: FakeTokenIssuer) -> None:
    bearer = token_issuer.bearer(ids.new())
    many = [ids.encode(number) for number in range(1, 102)]
    answer = social.client.get(f"{API}/relations?user_ids={','.join(many[:100])}", headers=bearer)
    assert [each["user_id"] for each in answer.json()["items"]] == many[:100]
    refused(social.client.get(f"{API}/relations?user_ids={','.join(many)}", headers=bearer), 422, "too_many_ids")
    refused(social.client.get(f"{API}/relations", headers=bearer), 422, "validation_failed")
    refused(social.client.get(f"{API}/relations?user_ids={many[0]}"), 401, "invalid_token")


def test_relations_with_malformed_ids_are_refused(social: LiveService, token_issuer: FakeTokenIssuer) -> None:
    bearer = token_issuer.bearer(ids.new())
    for asked in ("", ",", "0000000000000001,", "me", "0000000000000001;0000000000000002", "%00"):
        answer = social.client.get(f"{API}/relations?user_ids={asked}", headers=bearer)
        assert refused(answer, 422, "invalid_id")["errors"][0]["pointer"] == "/user_ids"


def test_malformed_id_is_not_found(social: LiveService) -> None:
    for wrong in ("x", "0" * 15, "f" * 16, "%00", "A" * 3000, "%F0%9F%8C%8A"):
        for part in ("followers", "following", "counts"):
            refused(social.client.get(f"{API}/users/{wrong}/{part}"), 404, "not_found")


def test_unsupported_method_is_refused(social: LiveService, token_issuer: FakeTokenIssuer, database: Database) -> None:
    jo, star = some_people(database, 2)
    answer = social.client.post(follow_url(star), headers=token_issuer.bearer(jo))
    refused(answer, 405, "method_not_allowed")
    assert edges(database) == set()
