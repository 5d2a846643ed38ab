"""The routes: what a client sees, with the pictures and texts that posts has."""

from typing import Any

import httpx

from services.notifications import models
from services.notifications.models import KINDS
from shared import ids
from shared.database.engine import Database
from shared.replication.purge import PURGED
from shared.testing import LiveService, Stub, eventually
from shared.testing.api_client import expect_json, expect_problem

from .factories import commented, followed, handle, liked, purge_states, registered, rows_of, some_people

API = "/api/v1"
PREVIEWS = "/internal/previews"


def listed(client: httpx.Client, **parameters: Any) -> Any:
    return expect_json(client.get(f"{API}/notifications", params=parameters), 200)


def test_list_with_previews_leaves_out_what_posts_does_not_show(
    client: httpx.Client, database: Database, others: Stub, me: int
) -> None:
    (fan,) = some_people(database, 1)
    post, comment, hidden = ids.new(), ids.new(), ids.new()
    handle(database, liked(fan, hidden, me), commented(comment, post, me, fan), followed(fan, me))
    others.answers[PREVIEWS] = {
        "posts": [{"id": ids.encode(post), "thumbnail_url": "/api/v1/media/a.jpg"}],
        "comments": [{"id": ids.encode(comment), "text": "Lovely light!"}],
    }
    follow, comment_ = listed(client)["items"]
    assert comment_["post"] == {"id": ids.encode(post), "thumbnail_url": "/api/v1/media/a.jpg"}
    assert comment_["comment"] == {"id": ids.encode(comment), "text": "Lovely light!"}
    assert (follow["kind"], follow["post"], follow["comment"], follow["read"]) == ("follow", None, None, False)
    (asked,) = [each for each in others.asked if each.url.path == PREVIEWS]
    assert set(asked.url.params["post_ids"].split(",")) == {ids.encode(post), ids.encode(hidden)}
    assert asked.url.params["viewer"] == ids.encode(me)


def test_list_is_there_while_posts_is_not(client: httpx.Client, database: Database, others: Stub, me: int) -> None:
    (fan,) = some_people(database, 1)
    handle(database, commented(12, 11, me, fan))
    others.down = True
    (found,) = listed(client)["items"]
    assert found["post"] == {"id": ids.encode(11), "thumbnail_url": None}
    assert found["comment"] == {"id": ids.encode(12), "text": None}


def test_actors_without_a_copy_are_read_from_auth_once(
    client: httpx.Client, database: Database, others: Stub, me: int
) -> None:
    known, withdrawn = ids.new(), ids.new()
    handle(database, followed(known, me), followed(withdrawn, me))
    path = "/internal/people/{}".format
    others.answers[path(ids.encode(known))] = {**registered(known), "deleted": False}
    others.answers[path(ids.encode(withdrawn))] = {**registered(withdrawn, 0), "deleted": True}
    for _ in range(2):
        (found,) = listed(client)["items"]
        assert [each["nickname"] for each in found["actors"]] == ["ada"]
    eventually(lambda: purge_states(database) == {withdrawn: PURGED})
    assert [each["actor_count"] for each in listed(client)["items"]] == [1]
    assert len([each for each in others.asked if each.url.path.startswith("/internal/people/")]) == 2


def test_unread_and_read(client: httpx.Client, database: Database, me: int) -> None:
    fans = some_people(database, 2)
    for fan in fans:
        handle(database, followed(fan, me))
    assert expect_json(client.get(f"{API}/notifications/unread"), 200) == {"count": 1}
    (found,) = listed(client)["items"]
    assert found["actor_count"] == 2 and not found["read"]
    for _ in range(2):
        assert client.put(f"{API}/notifications/read", json={"up_to": found["id"]}).status_code == 204
    assert expect_json(client.get(f"{API}/notifications/unread"), 200) == {"count": 0}
    assert listed(client)["items"][0]["read"]
    unknown = client.put(f"{API}/notifications/read", json={"up_to": ids.encode(1)})
    expect_problem(unknown, 422, "unknown_notification")


def test_settings_are_everything_until_they_are_changed(client: httpx.Client, database: Database) -> None:
    path = f"{API}/users/me/notification-settings"
    everything = {kind: {"list": True, "push": True} for kind in KINDS}
    assert expect_json(client.get(path), 200) == everything
    changed = {**everything, "like": {"list": False, "push": True}}
    assert expect_json(client.put(path, json={"like": changed["like"]}), 200) == changed
    assert expect_json(client.put(path, json={}), 200) == changed == expect_json(client.get(path), 200)
    for wrong in ({"like": {"list": 1, "push": True}}, {"like": {"list": True}}, {"message": changed["like"]}):
        expect_problem(client.put(path, json=wrong), 422, "validation_failed")
    assert len(rows_of(database, models.preferences)) == 1


def test_lost_restriction_is_found_by_comparing_with_social(
    client: httpx.Client, database: Database, service: LiveService, others: Stub, me: int
) -> None:
    (fan,) = some_people(database, 1)
    handle(database, followed(fan, me))
    pair = {"user_id": ids.encode(me), "other_id": ids.encode(fan)}
    assert service.deliver("user.restricted.v1", {**pair, "blocking": False, "muting": True, "version": 1})
    eventually(lambda: listed(client)["items"] == [])
