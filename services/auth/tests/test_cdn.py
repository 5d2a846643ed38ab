"""Behind a CDN: avatars have its URL, and those that were replaced, removed or withdrawn are purged there."""

from collections.abc import Iterator

import pytest

from services.auth.actions.accounts import REPLACED_AVATAR_RETENTION_MS
from services.auth.settings import Settings
from shared.testing import LiveService, eventually
from shared.testing.cdn_hook import CdnHook, cdn_hook

from .factories import PASSWORD, Person, Time, create_user
from .test_api_users import AVATAR, picture, put_avatar

CDN = "https://cdn.example.com"


@pytest.fixture
def hook() -> Iterator[CdnHook]:
    with cdn_hook() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, hook: CdnHook) -> Settings:
    return settings.model_copy(update={"cdn_url": CDN, "cdn_purge_url": hook.url})


def new_avatar(auth: LiveService, person: Person, colour: str) -> str:
    url: str = put_avatar(auth, person, picture(colour)).json()["avatar_url"]
    assert url.startswith(f"{CDN}/api/v1/avatars/")
    return url


def test_a_replaced_avatar_is_purged_when_its_file_is_deleted(auth: LiveService, hook: CdnHook, time: Time) -> None:
    ada = create_user(auth)
    first, second = (new_avatar(auth, ada, colour) for colour in ("orange", "blue"))
    assert hook.purged == set(), "pages that were loaded before still show it"
    time.passes(REPLACED_AVATAR_RETENTION_MS)
    third = new_avatar(auth, ada, "green")  # wakes the worker
    assert eventually(lambda: first in hook.purged)
    assert hook.purged == {first}
    assert auth.client.get(f"/api/v1/users/{ada.id}").json()["avatar_url"] == third
    statuses = [auth.client.get(url.removeprefix(CDN)).status_code for url in (first, second, third)]
    assert statuses == [404, 200, 200]


def test_a_removed_avatar_is_purged_with_those_before_it(auth: LiveService, hook: CdnHook) -> None:
    ada, bob = create_user(auth), create_user(auth, "bob")
    kept = new_avatar(auth, bob, "red")
    gone = {new_avatar(auth, ada, colour) for colour in ("orange", "blue")}
    assert auth.client.delete(AVATAR, headers=ada.bearer).json()["avatar_url"] is None
    assert eventually(lambda: gone <= hook.purged)
    assert kept not in hook.purged


def test_a_withdrawal_purges_all_avatars(auth: LiveService, hook: CdnHook) -> None:
    ada, bob = create_user(auth), create_user(auth, "bob")
    kept = new_avatar(auth, bob, "red")
    gone = {new_avatar(auth, ada, colour) for colour in ("orange", "blue")}
    password = {"current_password": PASSWORD}
    assert auth.client.post("/api/v1/users/me/deletion", json=password, headers=ada.bearer).is_success
    assert eventually(lambda: gone <= hook.purged)
    assert kept not in hook.purged
    assert all(auth.client.get(url.removeprefix(CDN)).status_code == 404 for url in gone)


def test_a_withdrawal_does_not_wait_for_the_cdn(auth: LiveService, hook: CdnHook) -> None:
    hook.status = 503
    ada = create_user(auth)
    url = new_avatar(auth, ada, "orange")
    password = {"current_password": PASSWORD}
    assert auth.client.post("/api/v1/users/me/deletion", json=password, headers=ada.bearer).is_success
    assert eventually(lambda: url in hook.purged)
    assert auth.client.get(url.removeprefix(CDN)).status_code == 404
