"""Routes of blocks, mutes and removed followers; each response is checked against the OpenAPI document."""

import pytest

from shared import ids
from shared.database.engine import Database
from shared.testing import FakeTokenIssuer, LiveService

from .factories import all_follow, edges, relation_json, restrictions, some_people
from .test_api import API, follow_url, refused


def url(person_id: int, kind: str) -> str:
    return f"{API}/users/{ids.encode(person_id)}/{kind}"


@pytest.mark.parametrize(("kind", "field"), [("block", "blocking"), ("mute", "muting")])
def test_both_are_idempotent_and_listed(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database, kind: str, field: str
) -> None:
    jo, *others = some_people(database, 4)
    bearer = token_issuer.bearer(jo)
    for each in others:
        begun = [social.client.put(url(each, kind), headers=bearer) for _ in range(2)]
        assert [answer.json() for answer in begun] == [relation_json(each, **{field: True})] * 2
    first = social.client.get(f"{API}/users/me/{kind}s?limit=2", headers=bearer)
    second = social.client.get(first.links["next"]["url"], headers=bearer)
    listed = [each["id"] for page in (first, second) for each in page.json()["items"]]
    assert listed == [ids.encode(each) for each in reversed(others)] and second.json()["next_cursor"] is None
    ended = [social.client.delete(url(others[0], kind), headers=bearer) for _ in range(2)]
    assert [answer.json() for answer in ended] == [relation_json(others[0])] * 2
    assert len(social.client.get(f"{API}/users/me/{kind}s", headers=bearer).json()["items"]) == 2


@pytest.mark.parametrize("kind", ["block", "mute"])
def test_both_require_a_token_and_another_known_user(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database, kind: str
) -> None:
    jo, star = some_people(database, 2)
    bearer = token_issuer.bearer(jo)
    for method in ("PUT", "DELETE"):
        refused(social.client.request(method, url(star, kind)), 401, "invalid_token")
        refused(social.client.request(method, url(jo, kind), headers=bearer), 422, "cannot_restrict_self")
        refused(social.client.request(method, url(ids.new(), kind), headers=bearer), 404, "not_found")
    refused(social.client.get(f"{API}/users/me/{kind}s"), 401, "invalid_token")
    assert restrictions(database) == {}


def test_blocked_user_gets_the_responses_for_an_unknown_one(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    jo, max_ = some_people(database, 2)
    mine, theirs = token_issuer.bearer(jo), token_issuer.bearer(max_)
    social.client.put(url(max_, "block"), headers=mine)
    unknown_user = ids.new()

    def problems(person_id: int) -> list[dict[str, object]]:
        answers = [social.client.request(method, follow_url(person_id), headers=theirs) for method in ("PUT", "DELETE")]
        parts = ("followers", "following", "counts", "followers/common")
        answers += [social.client.get(url(person_id, part), headers=theirs) for part in parts]
        mine = f"{API}/users/me/followers/{ids.encode(person_id)}"
        answers.append(social.client.delete(mine, headers=theirs))
        seen = [refused(each, 404, "not_found") for each in answers]
        return [{name: each[name] for name in ("type", "title", "status", "detail", "code")} for each in seen]

    assert problems(jo) == problems(unknown_user)
    known = social.client.get(f"{API}/relations?user_ids={ids.encode(jo)}", headers=theirs)
    assert known.json()["items"] == [relation_json(jo)]
    refused(social.client.put(follow_url(max_), headers=mine), 409, "user_blocked")
    for part in ("followers", "following", "counts"):
        assert social.client.get(url(jo, part)).status_code == 200, "without a token"
        assert social.client.get(url(max_, part), headers=mine).status_code == 200


def test_lists_of_others_leave_out_who_is_blocked(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    jo, max_, eve, star = some_people(database, 4)
    all_follow(database, [jo, max_, eve], star)
    social.client.put(url(max_, "block"), headers=token_issuer.bearer(jo))
    followers = {
        who: [
            ids.parse(each["id"]) for each in social.client.get(url(star, "followers"), headers=headers).json()["items"]
        ]
        for who, headers in ((jo, token_issuer.bearer(jo)), (max_, token_issuer.bearer(max_)), (None, {}))
    }
    assert followers == {jo: [eve, jo], max_: [eve, max_], None: [eve, max_, jo]}
    counts = social.client.get(url(star, "counts"), headers=token_issuer.bearer(jo)).json()
    assert counts["followers_count"] == 3, "the same for everybody"


def test_follower_is_removed(social: LiveService, token_issuer: FakeTokenIssuer, database: Database) -> None:
    jo, fan = some_people(database, 2)
    all_follow(database, [fan], jo)
    path = f"{API}/users/me/followers/{ids.encode(fan)}"
    refused(social.client.delete(path), 401, "invalid_token")
    answers = [social.client.delete(path, headers=token_issuer.bearer(jo)) for _ in range(2)]
    assert [(each.status_code, each.content) for each in answers] == [(204, b"")] * 2
    assert edges(database) == set()


def test_common_followers_are_followed_by_the_user_who_asks(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    jo, star, *friends = some_people(database, 6)
    all_follow(database, friends, star)
    for each in (*friends[:3], star):
        all_follow(database, [jo], each)
    refused(social.client.get(url(star, "followers/common")), 401, "invalid_token")
    first = social.client.get(url(star, "followers/common?limit=2"), headers=token_issuer.bearer(jo))
    second = social.client.get(first.links["next"]["url"], headers=token_issuer.bearer(jo))
    common = [ids.parse(each["id"]) for page in (first, second) for each in page.json()["items"]]
    assert common == [friends[2], friends[1], friends[0]]


def test_list_for_copies_requires_service_credentials_and_is_paged(
    social: LiveService, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    pair = f"{ids.encode(1)}/{ids.encode(2)}"
    for path in ("restrictions", f"restrictions/{pair}", f"follows/{pair}"):
        refused(social.client.get(f"/internal/{path}"), 401, "invalid_token")
        refused(social.client.get(f"/internal/{path}", headers=token_issuer.bearer(1)), 401, "invalid_token")
