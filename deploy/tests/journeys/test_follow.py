"""Following: accepted at once (F1, F2), and lists of followers are public."""

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


def relation(user_id: str, **differs: bool) -> dict[str, object]:
    """The relation to this user: nothing but what differs."""
    none = {"following": False, "followed_by": False, "blocking": False, "muting": False}
    return {"user_id": user_id, **none, **differs}


def test_F1_follow_F2_needs_no_approval(web: httpx.Client) -> None:
    jo, star = Person.newcomer(web), Person.newcomer(web)
    assert answer(jo.follow(star.id)) == relation(star.id, following=True)
    followers = items(web.get(f"{API}/users/{star.id}/followers"))
    assert len(followers) == 1 and jo.shown().items() <= followers[0].items()
    assert ids(web.get(f"{API}/users/{jo.id}/following")) == [star.id]
    assert (counts(web, star), counts(web, jo)) == ((1, 0), (0, 1))


def test_F1_following_twice_has_no_further_effect(web: httpx.Client) -> None:
    jo, star = Person.newcomer(web), Person.registered(web)
    first, second = jo.follow(star.id), jo.follow(star.id)
    assert answer(first) == answer(second)
    assert counts(web, star) == (1, 0)
    assert ids(web.get(f"{API}/users/{star.id}/followers")) == [jo.id]


def test_F1_unfollow(web: httpx.Client) -> None:
    jo, star = Person.newcomer(web), Person.registered(web)
    answer(jo.follow(star.id))
    expected = relation(star.id)
    assert answer(jo.unfollow(star.id)) == expected
    assert answer(jo.unfollow(star.id)) == expected
    assert ids(web.get(f"{API}/users/{star.id}/followers")) == []
    assert ids(web.get(f"{API}/users/{jo.id}/following")) == []
    assert (counts(web, star), counts(web, jo)) == ((0, 0), (0, 0))


def test_profile_names_some_followers_that_the_reader_follows(web: httpx.Client) -> None:
    jo, friend, star = (Person.newcomer(web) for _ in range(3))
    answer(friend.follow(star.id))
    answer(jo.follow(friend.id))
    assert [each["id"] for each in answer(jo.send("GET", f"/users/{star.id}/counts"))["followed_by_some"]] == [
        friend.id
    ]
    answer(friend.send("PUT", f"/users/{jo.id}/block"))
    assert answer(jo.send("GET", f"/users/{star.id}/counts"))["followed_by_some"] == []


def test_F1_following_oneself_is_refused(web: httpx.Client, other_user: Person) -> None:
    refusal(other_user.follow(other_user.id), 422, "cannot_follow_self")
    assert counts(web, other_user)[1] == 0


def test_F1_only_users_can_be_followed(other_user: Person) -> None:
    refusal(other_user.follow(NOBODY), 404)


def test_F2_counts_are_exact_under_concurrency(web: httpx.Client) -> None:
    star, fans = Person.registered(web), [Person.newcomer(web) for _ in range(4)]
    at_once([partial(fan.follow, star.id) for fan in fans * 3])
    assert counts(web, star) == (4, 0)
    assert set(ids(web.get(f"{API}/users/{star.id}/followers"))) == {fan.id for fan in fans}
    at_once([partial(fan.unfollow, star.id) for fan in fans[:2] * 3])
    assert counts(web, star) == (2, 0)
    assert [counts(web, fan)[1] for fan in fans] == [0, 0, 1, 1]


def test_F1_relation_shows_both_directions(web: httpx.Client) -> None:
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


def test_relations_accept_up_to_a_hundred_users(other_user: Person) -> None:
    hundred = [f"{number:016x}" for number in range(1, 102)]
    items(other_user.send("GET", f"/relations?user_ids={','.join(hundred[:100])}"))
    refusal(other_user.send("GET", f"/relations?user_ids={','.join(hundred)}"), 422)
    refusal(other_user.send("GET", "/relations"), 422)


def test_lists_of_an_unknown_user_are_not_found(web: httpx.Client) -> None:
    for list_name in ("followers", "following", "counts"):
        refusal(web.get(f"{API}/users/{NOBODY}/{list_name}"), 404)


def test_feed_shows_own_and_followed_posts_newest_first(web: httpx.Client) -> None:
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


def test_feed_omits_unfollowed_authors_and_deleted_posts(web: httpx.Client) -> None:
    jo, star, other = (Person.newcomer(web) for _ in range(3))
    answer(jo.follow(star.id))
    answer(jo.follow(other.id))
    gone, unfollowed, kept = star.posted(), other.posted(), star.posted()
    eventually(lambda: ids(jo.send("GET", "/feed")) == [kept["id"], unfollowed["id"], gone["id"]])
    answer(star.delete_post(gone["id"]), 204)
    answer(jo.unfollow(other.id))
    eventually(lambda: ids(jo.send("GET", "/feed")) == [kept["id"]])
