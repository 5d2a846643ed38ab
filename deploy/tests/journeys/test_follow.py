"""Following: one follows another (F1), which is accepted at once (F2), and who follows whom is visible."""

from functools import partial

import httpx

from shared.testing import eventually

from .parallel import at_once
from .person import API, Person
from .responses import answer, ids, items, refusal

NOBODY = "0000000000000001"


def counts(web: httpx.Client, person: Person) -> tuple[int, int]:
    shown = answer(web.get(f"{API}/users/{person.id}/counts"))
    return shown["followers_count"], shown["following_count"]


def test_F1_one_follows_another_and_F2_it_is_accepted_at_once(web: httpx.Client) -> None:
    jo, star = Person.newcomer(web), Person.newcomer(web)
    assert answer(jo.follow(star.id)) == {"user_id": star.id, "following": True, "followed_by": False}
    followers = items(web.get(f"{API}/users/{star.id}/followers"))
    assert len(followers) == 1 and jo.shown().items() <= followers[0].items()
    assert ids(web.get(f"{API}/users/{jo.id}/following")) == [star.id]
    assert (counts(web, star), counts(web, jo)) == ((1, 0), (0, 1))


def test_F1_following_twice_is_following_once(web: httpx.Client) -> None:
    jo, star = Person.newcomer(web), Person.registered(web)
    first, second = jo.follow(star.id), jo.follow(star.id)
    assert answer(first) == answer(second)
    assert counts(web, star) == (1, 0)
    assert ids(web.get(f"{API}/users/{star.id}/followers")) == [jo.id]


def test_F1_one_can_stop_following(web: httpx.Client) -> None:
    jo, star = Person.newcomer(web), Person.registered(web)
    answer(jo.follow(star.id))
    expected = {"user_id": star.id, "following": False, "followed_by": False}
    assert answer(jo.unfollow(star.id)) == expected
    assert answer(jo.unfollow(star.id)) == expected
    assert ids(web.get(f"{API}/users/{star.id}/followers")) == []
    assert ids(web.get(f"{API}/users/{jo.id}/following")) == []
    assert (counts(web, star), counts(web, jo)) == ((0, 0), (0, 0))


def test_F1_nobody_follows_themselves(web: httpx.Client, other_user: Person) -> None:
    refusal(other_user.follow(other_user.id), 422, "cannot_follow_self")
    assert counts(web, other_user)[1] == 0


def test_F1_only_people_can_be_followed(other_user: Person) -> None:
    refusal(other_user.follow(NOBODY), 404)


def test_F2_the_counts_hold_when_many_follow_and_stop_at_the_same_instant(web: httpx.Client) -> None:
    star, fans = Person.registered(web), [Person.newcomer(web) for _ in range(4)]
    at_once([partial(fan.follow, star.id) for fan in fans * 3])
    assert counts(web, star) == (4, 0)
    assert set(ids(web.get(f"{API}/users/{star.id}/followers"))) == {fan.id for fan in fans}
    at_once([partial(fan.unfollow, star.id) for fan in fans[:2] * 3])
    assert counts(web, star) == (2, 0)
    assert [counts(web, fan)[1] for fan in fans] == [0, 0, 1, 1]


def test_F1_relations_tell_both_directions(web: httpx.Client) -> None:
    jo, followed, follower, friend = (Person.newcomer(web) for _ in range(4))
    for person in (followed, friend):
        answer(jo.follow(person.id))
    for person in (follower, friend):
        answer(person.follow(jo.id))
    asked = ",".join(person.id for person in (followed, follower, friend))
    relations = items(jo.send("GET", f"/relations?user_ids={asked}"))
    assert {one["user_id"]: (one["following"], one["followed_by"]) for one in relations} == {
        followed.id: (True, False), follower.id: (False, True), friend.id: (True, True),
    }  # fmt: skip


def test_relations_are_told_of_up_to_a_hundred_people(other_user: Person) -> None:
    hundred = [f"{number:016x}" for number in range(1, 102)]
    items(other_user.send("GET", f"/relations?user_ids={','.join(hundred[:100])}"))
    refusal(other_user.send("GET", f"/relations?user_ids={','.join(hundred)}"), 422)
    refusal(other_user.send("GET", "/relations"), 422)


def test_the_lists_of_somebody_unknown_are_not_there(web: httpx.Client) -> None:
    for list_name in ("followers", "following", "counts"):
        refusal(web.get(f"{API}/users/{NOBODY}/{list_name}"), 404)


def test_the_feed_shows_those_one_follows_and_oneself_newest_first(web: httpx.Client) -> None:
    jo, star = Person.newcomer(web), Person.newcomer(web)
    older = star.posted("before the follow")
    own = jo.posted("my own")
    assert ids(jo.send("GET", "/feed")) == [own["id"]], "one's own are there at once, others' are not"
    answer(jo.follow(star.id))
    eventually(lambda: ids(jo.send("GET", "/feed")) == [own["id"], older["id"]])
    newer = star.posted("after the follow")
    eventually(lambda: ids(jo.send("GET", "/feed")) == [newer["id"], own["id"], older["id"]])
    shown = items(jo.send("GET", "/feed"))[0]
    assert shown == newer


def test_the_feed_loses_what_one_no_longer_follows_and_what_is_deleted(web: httpx.Client) -> None:
    jo, star, other = (Person.newcomer(web) for _ in range(3))
    answer(jo.follow(star.id))
    answer(jo.follow(other.id))
    gone, unfollowed, kept = star.posted(), other.posted(), star.posted()
    eventually(lambda: ids(jo.send("GET", "/feed")) == [kept["id"], unfollowed["id"], gone["id"]])
    answer(star.delete_post(gone["id"]), 204)
    answer(jo.unfollow(other.id))
    eventually(lambda: ids(jo.send("GET", "/feed")) == [kept["id"]])
