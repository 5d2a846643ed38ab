"""The plan of the sample data is reproducible and valid; the client repeats requests a limited number of times."""

import json
import re

import httpx
import pytest

from demo import __main__ as demo
from demo import client
from demo.client import ApiClient, DemoUser, RequestRejected, SeedingAborted
from demo.conversations import CONVERSATIONS
from demo.image_files import FORMATS, SHAPES, SUBJECTS
from demo.people import PASSWORD, PEOPLE
from demo.plan import plan
from demo.texts import CAPTIONS, COMMENTS
from shared.testing.waiting import WAIT_SECONDS

PLAN = plan()


def test_plan_depends_only_on_the_seed() -> None:
    assert plan() == PLAN
    assert plan(seed=1).posts != PLAN.posts


def test_plan_has_thirty_users_with_valid_sign_up_data() -> None:
    assert len(PEOPLE) == len({person.nickname for person in PEOPLE}) == len({person.email for person in PEOPLE}) == 30
    for person in PEOPLE:
        assert re.fullmatch(r"[a-z0-9._]{3,30}", person.nickname)
        assert 1 <= len(person.name) <= 60
        assert 0 < len(person.bio) <= 150
        assert set(person.subjects) <= set(SUBJECTS)
    assert 8 <= len(PASSWORD) <= 128


def test_every_user_posts_and_image_kinds_and_shapes_vary() -> None:
    drawn = [drawing for post in PLAN.posts for drawing in post.drawings]
    assert len(PLAN.posts) == 90
    assert {post.author for post in PLAN.posts} == set(range(30))
    assert all(1 <= len(post.drawings) <= 4 for post in PLAN.posts)
    assert {drawing.subject for drawing in drawn} == set(SUBJECTS)
    assert {drawing.format for drawing in drawn} == set(FORMATS)
    assert {drawing.shape for drawing in drawn} == set(SHAPES)


def test_no_user_follows_or_likes_themselves_or_twice() -> None:
    assert all(who != whom for who, whom in PLAN.follows)
    assert len(set(PLAN.follows)) == len(PLAN.follows) > 150
    assert all(who != PLAN.posts[post].author for who, post in PLAN.likes)
    assert len(set(PLAN.likes)) == len(PLAN.likes) > 300


def test_reply_comes_after_its_comment_and_texts_under_a_post_are_unique() -> None:
    assert sum(len(comments) for comments in PLAN.comments) > 150
    for number, comments in enumerate(PLAN.comments):
        for place, comment in enumerate(comments):
            assert comment.post == number
            assert comment.answers is None or 0 <= comment.answers < place
        assert len({(comment.author, comment.text) for comment in comments}) == len(comments)


def test_every_text_is_within_its_limit() -> None:
    assert all(0 < len(caption) <= 2200 for captions in CAPTIONS.values() for caption in captions)
    assert set(CAPTIONS) == set(COMMENTS) == set(SUBJECTS)
    assert all(0 < len(text) <= 1000 for talk in COMMENTS.values() for text, _ in talk)


def test_conversations_contain_texts_photos_shared_posts_and_quotes() -> None:
    nicknames = {person.nickname for person in PEOPLE}
    for conversation in CONVERSATIONS:
        assert set(conversation.between) < nicknames
        for place, line in enumerate(conversation.lines):
            assert line.quotes is None or line.quotes < place
            assert line.kind != "picture" or line.text in SUBJECTS
    lines = [line for conversation in CONVERSATIONS for line in conversation.lines]
    assert {line.kind for line in lines} == {"text", "picture", "post"}
    assert any(line.quotes is not None for line in lines)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Records how long the client would wait, without waiting."""
    waited: list[float] = []
    monkeypatch.setattr("demo.client.time.sleep", waited.append)
    return waited


def visiting(*answers: httpx.Response | Exception) -> ApiClient:
    """A client of an instance with these responses in order, the last one repeated."""
    left = list(answers)

    def answer(_request: httpx.Request) -> httpx.Response:
        given = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(given, Exception):
            raise given
        return given

    return ApiClient("http://localhost:8080", httpx.Client(transport=httpx.MockTransport(answer), timeout=WAIT_SECONDS))


def busy(retry_after: str) -> httpx.Response:
    return httpx.Response(429, headers={"Retry-After": retry_after})


def test_client_waits_for_retry_after(waits: list[float]) -> None:
    assert visiting(busy("3"), httpx.Response(503), httpx.Response(200, json={"ok": 1})).ask("GET", "/x") == {"ok": 1}
    assert waits == [3, 1]


def test_client_retries_a_broken_connection(waits: list[float]) -> None:
    assert visiting(httpx.ReadTimeout("slow"), httpx.Response(204)).ask("PUT", "/x") is None
    assert waits == [1]


@pytest.mark.parametrize("answer", [busy("1"), httpx.ConnectError("gone")])
def test_client_gives_up_after_several_attempts(waits: list[float], answer: httpx.Response | Exception) -> None:
    with pytest.raises(SeedingAborted, match="continues where it stopped"):
        visiting(answer).ask("GET", "/x")
    assert len(waits) == client.MAX_ATTEMPTS


def test_long_retry_after_is_reported_instead_of_waited_for(waits: list[float]) -> None:
    with pytest.raises(SeedingAborted, match="900 seconds"):
        visiting(busy("900")).ask("GET", "/x")
    assert waits == []


def test_error_response_is_reported_with_its_code() -> None:
    with pytest.raises(RequestRejected, match="409 nickname_taken"):
        visiting(httpx.Response(409, json={"code": "nickname_taken"})).ask("POST", "/auth/signup", body={})


def test_expired_token_is_renewed() -> None:
    user = DemoUser(PEOPLE[0], "1", "old")
    there = visiting(
        httpx.Response(401), httpx.Response(200, json={"access_token": "new"}), httpx.Response(200, json=[])
    )
    assert there.ask("GET", "/feed", user) == []
    assert user.token == "new"


def test_repeated_post_request_has_the_same_idempotency_key(waits: list[float]) -> None:
    keys = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        return httpx.Response(503 if len(keys) == 1 else 201, json={})

    there = ApiClient(
        "http://localhost:8080", httpx.Client(transport=httpx.MockTransport(answer), timeout=WAIT_SECONDS)
    )
    there.ask("POST", "/posts", body={})
    there.ask("POST", "/posts", body={})
    assert keys[0] == keys[1] != keys[2]


def test_lists_are_read_to_the_last_page() -> None:
    pages = {"": {"items": [1, 2], "next_cursor": "abc"}, "abc": {"items": [3], "next_cursor": None}}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=json.dumps(pages[request.url.params.get("cursor", "")]))

    there = ApiClient(
        "http://localhost:8080", httpx.Client(transport=httpx.MockTransport(answer), timeout=WAIT_SECONDS)
    )
    assert list(there.every("/users")) == [1, 2, 3]


def test_unreachable_server_is_reported_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(SystemExit, match="make run"):
        demo.main()
