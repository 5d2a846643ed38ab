"""The routes over a real socket; each answer is also held against the OpenAPI document."""

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

from .factories import all_follow, edges, facts, some_people

API = "/api/v1"


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem of an answer with this status and code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code
    return problem


def follow_url(person_id: int) -> str:
    return f"{API}/users/{ids.encode(person_id)}/follow"


def test_one_follows_and_stops_and_repeating_gives_the_same_answer(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    jo, star = some_people(database, 2)
    bearer = token_issuer.bearer(jo)
    followed = [social.client.put(follow_url(star), headers=bearer) for _ in range(2)]
    assert [each.status_code for each in followed] == [200, 200]
    relation = {"user_id": ids.encode(star), "following": True, "followed_by": False}
    assert [each.json() for each in followed] == [relation, relation]
    assert edges(database) == {(jo, star)}
    stopped = [social.client.delete(follow_url(star), headers=bearer) for _ in range(2)]
    assert [each.json() for each in stopped] == [{**relation, "following": False}] * 2
    assert edges(database) == set()


def test_the_id_of_the_request_goes_with_the_fact(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    jo, star = some_people(database, 2)
    social.client.put(follow_url(star), headers={**token_issuer.bearer(jo), "x-request-id": "followed-by-hand"})
    found = database.read(
        lambda connection: connection.exec_driver_sql("SELECT request_id FROM outbox").scalars().all()
    )
    assert found == ["followed-by-hand"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_following_needs_a_token_and_somebody_else(
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


def test_the_limit_of_those_one_follows_is_a_setting(
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


def test_a_token_of_somebody_withdrawn_is_refused(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    jo, star = some_people(database, 2)
    database.write(WITHDRAWAL.request, jo)
    refused(social.client.put(follow_url(star), headers=token_issuer.bearer(jo)), 401, "invalid_token")
    url = f"{API}/relations?user_ids={ids.encode(star)}"
    refused(social.client.get(url, headers=token_issuer.bearer(jo)), 401, "invalid_token")


def test_anybody_sees_both_lists_page_by_page(social: LiveService, database: Database) -> None:
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


def test_a_cursor_belongs_to_the_list_that_gave_it(social: LiveService, database: Database) -> None:
    star, *fans = some_people(database, 3)
    all_follow(database, fans, star)
    followers = f"{API}/users/{ids.encode(star)}/followers"
    cursor = social.client.get(f"{followers}?limit=1").json()["next_cursor"]
    assert social.client.get(f"{followers}?cursor={cursor}").status_code == 200
    for forged in (f"A{cursor[1:]}" if cursor[0] != "A" else f"B{cursor[1:]}", "nonsense"):
        refused(social.client.get(f"{followers}?cursor={forged}"), 400, "invalid_cursor")
    other = f"{API}/users/{ids.encode(star)}/following?cursor={cursor}"
    refused(social.client.get(other), 400, "invalid_cursor")


def test_a_limit_outside_its_bounds_is_refused(social: LiveService, database: Database) -> None:
    (star,) = some_people(database, 1)
    for limit in ("0", "101", "-1", "many", ""):
        answer = social.client.get(f"{API}/users/{ids.encode(star)}/followers?limit={limit}")
        assert refused(answer, 422, "validation_failed")["errors"][0]["pointer"] == "/limit"


def test_anybody_sees_the_counts(social: LiveService, database: Database) -> None:
    star, *fans = some_people(database, 4)
    all_follow(database, fans, star)
    answer = social.client.get(f"{API}/users/{ids.encode(star)}/counts")
    assert answer.json() == {"followers_count": 3, "following_count": 0}


def test_relations_come_in_the_order_asked_for_and_each_once(
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
            {"user_id": ids.encode(follower), "following": False, "followed_by": True},
            {"user_id": ids.encode(unknown_user), "following": False, "followed_by": False},
            {"user_id": ids.encode(followed), "following": True, "followed_by": False},
        ],
        "next_cursor": None,
    }


def test_relations_are_told_of_one_to_a_hundred_people(social: LiveService, token_issuer: FakeTokenIssuer) -> None:
    bearer = token_issuer.bearer(ids.new())
    many = [ids.encode(number) for number in range(1, 102)]
    answer = social.client.get(f"{API}/relations?user_ids={','.join(many[:100])}", headers=bearer)
    assert [each["user_id"] for each in answer.json()["items"]] == many[:100]
    refused(social.client.get(f"{API}/relations?user_ids={','.join(many)}", headers=bearer), 422, "too_many_ids")
    refused(social.client.get(f"{API}/relations", headers=bearer), 422, "validation_failed")
    refused(social.client.get(f"{API}/relations?user_ids={many[0]}"), 401, "invalid_token")


def test_relations_to_what_is_no_id_are_refused(social: LiveService, token_issuer: FakeTokenIssuer) -> None:
    bearer = token_issuer.bearer(ids.new())
    for asked in ("", ",", "0000000000000001,", "me", "0000000000000001;0000000000000002", "%00"):
        answer = social.client.get(f"{API}/relations?user_ids={asked}", headers=bearer)
        assert refused(answer, 422, "invalid_id")["errors"][0]["pointer"] == "/user_ids"


def test_what_is_no_id_names_nobody(social: LiveService) -> None:
    for wrong in ("x", "0" * 15, "f" * 16, "%00", "A" * 3000, "%F0%9F%8C%8A"):
        for part in ("followers", "following", "counts"):
            refused(social.client.get(f"{API}/users/{wrong}/{part}"), 404, "not_found")


def test_a_method_that_is_not_there_is_refused(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    jo, star = some_people(database, 2)
    answer = social.client.post(follow_url(star), headers=token_issuer.bearer(jo))
    refused(answer, 405, "method_not_allowed")
    assert edges(database) == set()
