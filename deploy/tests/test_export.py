"""The export of a person's own data, collected from all services by a worker that is killed meanwhile."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.tests import passkeys
from deploy.tests.journeys.person import Person, form
from deploy.tests.journeys.responses import answer, ids
from deploy.tests.standalone_process import CHEAP_HASHES, ForkedStandalone, Standalone
from services.auth import models
from shared.database.engine import Database
from shared.testing import eventually
from shared.testing.push_service import Browser
from shared.testing.waiting import WAIT_SECONDS

POSTS = 12


@pytest.fixture(scope="module")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    with ForkedStandalone(tmp_path_factory.mktemp("export") / "data", settings=CHEAP_HASHES).served() as running:
        yield running


@pytest.fixture
def web(standalone: Standalone) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=standalone.base_url, timeout=WAIT_SECONDS) as client:
        yield client


def begin(person: Person) -> None:
    assert answer(person.send("POST", "/users/me/export"), 202)["state"] == "collecting"


def ready(person: Person) -> dict[str, Any]:
    """The export, when it is ready."""

    eventually(lambda: answer(person.send("GET", "/users/me/export"))["state"] == "ready")
    export: dict[str, Any] = answer(person.send("GET", "/users/me/export"))
    return export


def archive(person: Person) -> zipfile.ZipFile:
    file = person.web.get(ready(person)["url"])
    assert file.status_code == 200 and file.headers["content-type"] == "application/zip"
    assert file.headers["content-disposition"] == 'attachment; filename="shutter-export.zip"'
    return zipfile.ZipFile(io.BytesIO(file.content))


def lines(found: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in found.read(f"{name}.jsonl").splitlines()]


def ids_of(found: list[dict[str, Any]]) -> list[str]:
    return [each["id"] for each in found]


def test_export_has_everything_of_the_person_and_nothing_that_others_keep_from_them(web: httpx.Client) -> None:
    ada, bob, eve = Person.newcomer(web), Person.newcomer(web), Person.newcomer(web)
    mallory = Person.registered(web)
    ada.show_face(form()["file"][1])
    passkeys.register(ada)
    posts = [ada.posted(f"post {number}") for number in range(POSTS)]
    theirs = bob.posted("of bob")
    comment = answer(ada.comment(theirs["id"], "a comment of ada"), 201)
    answer(bob.comment(posts[0]["id"], "a comment of bob"), 201)
    ada.like(theirs["id"])
    ada.like_comment(comment["id"])
    for person in (ada, bob):
        person.save(theirs["id"])
    bob.like(posts[0]["id"])
    for follower, followee in ((ada, bob), (eve, ada)):
        follower.follow(followee.id)
    answer(ada.send("PUT", f"/users/{mallory.id}/block"))
    answer(ada.send("PUT", f"/users/{eve.id}/mute"))
    room = answer(ada.open_room(bob.id), 201)["id"]
    said = [answer(ada.say(room, "from ada"), 201)["id"], answer(bob.say(room, "from bob"), 201)["id"]]
    answer(eve.say(answer(eve.open_room(bob.id), 201)["id"], "not for ada"), 201)
    shown = answer(ada.show(room), 201)
    answer(bob.show(room), 201)
    eventually(lambda: len(ids(ada.send("GET", "/notifications"))) == 2)

    answer(ada.send("POST", "/push/subscriptions", json=Browser("/a").subscription("https://push.example.com")), 201)

    begin(ada)
    found = archive(ada)
    assert ids_of(lines(found, "account")) == [ada.id]
    assert [each["name"] for each in lines(found, "passkeys")] == ["phone"]
    assert len(lines(found, "sessions")) >= 1 and len(lines(found, "networks")) >= 1
    assert "export_requested" in {each["type"] for each in lines(found, "activity")}
    assert {each["id"] for each in lines(found, "posts")} == {each["id"] for each in posts}
    assert [each["id"] for each in lines(found, "comments")] == [comment["id"]]
    assert [each["post_id"] for each in lines(found, "likes")] == [theirs["id"]]
    assert [each["comment_id"] for each in lines(found, "comment_likes")] == [comment["id"]]
    assert [each["post_id"] for each in lines(found, "saved")] == [theirs["id"]]
    assert {each["host"] for each in lines(found, "push_subscriptions")} == {"push.example.com"}
    relations = {"following": bob.id, "followers": eve.id, "blocks": mallory.id, "mutes": eve.id}
    assert {kind: ids_of(lines(found, kind)) for kind in relations} == {kind: [it] for kind, it in relations.items()}
    told = [{each["kind"] for each in lines(found, name)} for name in ("notifications", "notification_settings")]
    assert told[0] == {"comment", "like"} < told[1], "and eve is muted"
    assert ids_of(lines(found, "rooms")) == [room] and lines(found, "message_settings") == [{"from": "everyone"}]
    messages = lines(found, "messages")
    assert set(said) < {each["id"] for each in messages} and len(messages) == 4
    photos = {f"photos/posts/{each['id']}.jpg" for post in posts for each in post["media"]}
    own = f"photos/messages/{shown['image']['id']}.jpg"
    assert {name for name in found.namelist() if name.startswith("photos/")} == {*photos, own, "photos/picture.jpg"}
    assert all(found.read(name).startswith(b"\xff\xd8") for name in (*photos, own))
    everything = b"".join(found.read(name) for name in found.namelist() if name.endswith(".jsonl"))
    others = (b"not for ada", bob.email.encode(), eve.email.encode())
    for kept in (*others, b'"password', ada.password.encode(), b"public_key", b"credential"):
        assert kept not in everything
    assert b"messages.jsonl" in found.read("README.txt")


def test_one_export_at_a_time_and_one_a_day(web: httpx.Client) -> None:
    person = Person.newcomer(web)
    assert person.send("GET", "/users/me/export").status_code == 404
    begin(person)
    ready(person)
    refused = person.send("POST", "/users/me/export")
    assert refused.status_code == 429 and refused.json()["code"] == "too_many_exports"
    assert int(refused.headers["retry-after"]) > 86_000


def test_link_of_an_export_cannot_be_changed_and_ends_with_the_account(web: httpx.Client) -> None:
    person, other = Person.newcomer(web), Person.newcomer(web)
    begin(person)
    begin(other)
    url, theirs = ready(person)["url"], ready(other)["url"]
    assert (
        web.get(url.replace(url.split("/")[-1].split("?")[0], theirs.split("/")[-1].split("?")[0])).status_code == 403
    )
    assert web.get(url.replace("expires=", "expires=9")).json()["code"] == "invalid_link"
    assert web.get(url.partition("?")[0]).status_code == 403
    assert web.get(url).status_code == 200
    answer(person.withdraw(), 202)
    eventually(lambda: web.get(url).status_code == 404)
    assert web.get(theirs).status_code == 200


def test_export_of_a_killed_process_is_collected_by_the_next_one(tmp_path: Path) -> None:
    killed = ForkedStandalone(tmp_path / "data", settings=CHEAP_HASHES)
    try:
        killed.start()
        with httpx.Client(base_url=killed.base_url, timeout=WAIT_SECONDS) as web:
            person = Person.newcomer(web)
            post = person.posted("a post")
            begin(person)
        killed.kill()
        database = Database(f"sqlite:///{tmp_path / 'data' / 'auth.db'}", pool_size=1)
        database.write(lambda tx: tx.execute(models.exports.update().values(due_at=1, expires_at=None)))
        database.close()
        killed.start()
        with httpx.Client(base_url=killed.base_url, timeout=WAIT_SECONDS) as web:
            person.web = web
            assert [each["id"] for each in lines(archive(person), "posts")] == [post["id"]]
        assert killed.end() == 0
    finally:
        killed.kill()
