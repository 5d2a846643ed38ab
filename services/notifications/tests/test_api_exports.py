"""The lists for exports: only for services with valid credentials, and complete."""

import pytest

from services.notifications import queries
from services.notifications.actions import preferences
from services.notifications.models import KINDS
from services.notifications.queries import Preference
from shared import ids
from shared.database.engine import Database
from shared.pagination import PageRequest
from shared.testing import LiveService
from shared.testing.api_client import expect_problem

from .factories import comment_liked, followed, handle, liked, some_people


@pytest.mark.parametrize("kind", ["notifications", "notification_settings"])
def test_list_for_exports_requires_service_credentials(service: LiveService, kind: str) -> None:
    path = f"/internal/exports/0037a52d5f400001/{kind}"
    for headers in ({}, {"authorization": "Bearer x"}):
        assert expect_problem(service.client.get(path, headers=headers), 401, "invalid_token")


def test_export_has_every_notification_and_setting(database: Database) -> None:
    me, other = some_people(database, 2)
    post, comment = ids.new(), ids.new()
    handle(database, followed(other, me), liked(other, post, me), comment_liked(other, comment, post, me))
    first = database.read(queries.own, me, PageRequest(2, None))
    rest = database.read(queries.own, me, PageRequest(2, first.next))
    found = [*first.items, *rest.items]
    assert [each["kind"] for each in found] == ["follow", "like", "comment_like"] and rest.next is None
    assert [each["post_id"] for each in found] == [None, ids.encode(post), ids.encode(post)]
    assert found[2]["comment_id"] == ids.encode(comment)
    assert all(each["actors"] == [ids.encode(other)] for each in found)
    database.write(preferences.set_some, me, {"like": Preference(listed=False, pushed=True)})
    settings = database.read(queries.own_preferences, me, PageRequest(500, None)).items
    assert {each["kind"]: each["list"] for each in settings}["like"] is False and len(settings) == len(KINDS)
