"""The worker that sends, against a push service on a socket: what arrives in a browser, and what failures lead to."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.notifications import models
from services.notifications.push_sender import PUSHES, PushSender
from services.notifications.settings import Settings
from shared import clock, ids
from shared.database.engine import Database
from shared.push.client import PushClient
from shared.testing import LiveService, eventually
from shared.testing.push_service import Browser, PushService, running_push_service

from .factories import followed, handle, liked, listed, rows_of, some_people, subscribed_at


@pytest.fixture
def push_service(tmp_path: Path) -> Iterator[PushService]:
    with running_push_service(tmp_path) as service:
        yield service


@pytest.fixture
def settings(settings: Settings, push_service: PushService) -> Settings:
    """With the push service of tests."""
    return settings.model_copy(update={"push_local_ca": str(push_service.certificate)})


def count(outcome: str) -> float:
    return float(PUSHES.labels(outcome)._value.get())


def send_due(database: Database, settings: Settings, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Run one step of the worker, and this, and wait for what it has begun."""

    async def run() -> None:
        client = PushClient(settings.vapid_key, local_ca=settings.push_local_ca)
        sender = PushSender(database, client)
        assert not await sender.step()
        await asyncio.to_thread(meanwhile)
        await asyncio.gather(*sender._running)
        await sender.close()

    asyncio.run(run())


def test_browser_shows_what_happened(database: Database, settings: Settings, push_service: PushService) -> None:
    me, fan = some_people(database, 2)
    browser, before = Browser("/a"), count("sent")
    subscribed_at(database, me, push_service.url, browser)
    handle(database, liked(fan, 7, me))
    send_due(database, settings)
    (message,) = push_service.decrypted_for(browser)
    (notification,) = listed(database, me)
    assert (message["kind"], message["id"], message["names"]) == ("like", notification["id"], ["Ada"])
    (request,) = push_service.received
    assert request.headers["topic"] == notification["id"] and request.key == settings.vapid_key.public_key
    assert rows_of(database, models.web_pushes) == [] and count("sent") == before + 1
    assert rows_of(database, models.push_subscriptions)[0].sent_at
    send_due(database, settings)
    assert len(push_service.received) == 1


@pytest.mark.parametrize(
    ("answer", "outcome", "left", "waits"),
    [
        ((404, {}), "gone", 0, None),
        ((410, {}), "gone", 0, None),
        ((400, {}), "refused", 1, None),
        ((413, {}), "refused", 1, None),
        ((429, {"retry-after": "600"}), "deferred", 1, (590, 600)),
        ((503, {"retry-after": "60"}), "deferred", 1, (50, 60)),
        ((429, {"retry-after": "0"}), "deferred", 1, (20, 30)),
        ((500, {}), "deferred", 1, (20, 30)),
        ((307, {"location": "/elsewhere"}), "refused", 1, None),
    ],
)
def test_what_each_answer_leads_to(
    database: Database,
    settings: Settings,
    push_service: PushService,
    answer: tuple[int, dict[str, str]],
    outcome: str,
    left: int,
    waits: tuple[int, int] | None,
) -> None:
    me, fan = some_people(database, 2)
    before = count(outcome)
    subscribed_at(database, me, push_service.url, Browser("/a"))
    push_service.answers["/a"] = answer
    handle(database, followed(fan, me))
    started = clock.now()
    send_due(database, settings)
    assert count(outcome) == before + 1 and len(push_service.received) == 1
    assert len(rows_of(database, models.push_subscriptions)) == left
    due = [row.due_at for row in rows_of(database, models.web_pushes)]
    if waits is None:
        assert due == []
        return
    earliest, latest = (started + waits[0] * clock.SECOND, clock.now() + waits[1] * clock.SECOND)
    assert len(due) == 1 and earliest <= due[0] <= latest


def test_hanging_and_unreachable_push_services_delay_no_other(
    database: Database, settings: Settings, push_service: PushService
) -> None:
    me, fan = some_people(database, 2)
    browser = Browser("/a")
    subscribed_at(database, me, push_service.url, Browser("/hangs"))
    subscribed_at(database, me, "https://127.0.0.1:1", Browser("/away"))
    subscribed_at(database, me, push_service.url, browser)
    push_service.hanging.add("/hangs")
    handle(database, followed(fan, me))

    def look() -> None:
        eventually(lambda: len(push_service.decrypted_for(browser)) == 1)
        assert len(push_service.received_at("/hangs")) == 1
        push_service.released.set()

    send_due(database, settings, look)
    (left,) = rows_of(database, models.web_pushes)
    assert left.attempts == 1, "what is away is asked again"


def test_name_that_leads_into_the_network_gets_nothing(database: Database, settings: Settings) -> None:
    me, fan = some_people(database, 2)
    subscribed_at(database, me, "https://10.0.0.1", Browser("/a"))  # stored by a release with a fault
    handle(database, followed(fan, me))
    before = count("refused")
    send_due(database, settings)
    assert count("refused") == before + 1
    assert rows_of(database, models.push_subscriptions)[0].failures == 1


def test_worker_of_the_service_is_woken_by_the_commit(
    service: LiveService, database: Database, push_service: PushService
) -> None:
    me, fan = some_people(database, 2)
    browser = Browser("/a")
    subscribed_at(database, me, push_service.url, browser)
    like = {"post_id": ids.encode(1), "author_id": ids.encode(me), "person_id": ids.encode(fan)}
    assert service.deliver("post.liked.v1", {**like, "liked": True, "version": 1})
    eventually(lambda: len(push_service.decrypted_for(browser)) == 1)
    eventually(lambda: rows_of(database, models.web_pushes) == [])
