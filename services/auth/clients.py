"""Collects a person's own data from every service, for their export: a ZIP archive of JSON Lines files and photos."""

import asyncio
import zipfile
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import orjson
from anyio import to_thread
from sqlalchemy import Row

from shared import ids
from shared.errors import NotFound, Unavailable
from shared.files.storage import Storage
from shared.security.service_calls import ServiceClient

T = TypeVar("T")
MAX_PHOTO_BYTES = 64 * 1024 * 1024
"""Of one photo. What is stored of an upload has less than its 20 MB."""
RETRY_SECONDS = (1, 2, 4, 8)
"""How long to wait for a service that is unavailable. After the last one the export begins again later."""
AVATARS = "/api/v1/avatars/"
LISTS = {
    "posts": ("comments", "likes", "comment_likes", "saved"),
    "social": ("following", "followers", "blocks", "mutes"),
    "dm": ("message_settings",),
    "notifications": ("notifications", "notification_settings", "push_subscriptions"),
}
"""Of each service, the lists without photos."""
Item = dict[str, Any]
README = """\
Your data in Shutter
====================

Each .jsonl file has one JSON object a line, as the API returns it (/docs on the server). Times are in UTC.

account.jsonl    your account
sessions.jsonl   your open sessions
passkeys.jsonl   your passkeys: their names and times. Their keys are in your devices.
identities.jsonl the accounts at other providers that you sign in with
reports.jsonl    what you have reported to the moderators
activity.jsonl   what was done with your account in the last 90 days
networks.jsonl   from where you have logged in
posts.jsonl      your posts; the photos are photos/posts/<id>.jpg
comments.jsonl   your comments
likes.jsonl      the posts that you like
comment_likes.jsonl the comments that you like
saved.jsonl      the posts that you have saved
following.jsonl  whom you follow
followers.jsonl  who follows you
blocks.jsonl     whom you block
mutes.jsonl      whom you mute
notifications.jsonl what you were notified of in the last 90 days; users, posts and comments by their ids
notification_settings.jsonl which notifications you want
push_subscriptions.jsonl which browsers get notifications, by the hosts of their push services
message_settings.jsonl who may write to you first
rooms.jsonl      your conversations
messages.jsonl   the messages in them, both yours and those to you; your photos are photos/messages/<id>.jpg
photos/          your photos, in the largest size that is stored, and your picture

Addresses of photos of conversations in these files have expired.


Shutter에 있는 내 데이터
========================

.jsonl 파일은 한 줄에 하나씩 API와 같은 형식의 JSON 객체가 있습니다. 시각은 UTC입니다.

account 계정, sessions 세션, passkeys 패스키, identities 연결된 외부 계정, reports 신고 내역, activity 계정 활동,
networks 로그인한 네트워크, posts 게시물,
comments 댓글, likes 좋아요, comment_likes 댓글 좋아요, saved 저장한 게시물, following 팔로잉, followers 팔로워,
blocks 차단, mutes 숨김, notifications 알림, notification_settings 알림 설정,
push_subscriptions 알림을 받는 브라우저,
message_settings 먼저 메시지를 보낼 수 있는 사람,
rooms 대화, messages 메시지, photos/ 사진
"""


class ContentReader:
    """Reads what is reported, as the reporter sees it."""

    def __init__(self, services: Mapping[str, ServiceClient]) -> None:
        self._services = services

    async def read(self, kind: str, subject_id: int, viewer: int, messages_before: int) -> dict[str, Any] | None:
        """The id of who has made it (`owner_id`) and its content; None if the viewer cannot see it.

        With so many messages before a message. Raises Unavailable.
        """
        asked = {"viewer": ids.encode(viewer)}
        if kind == "message":
            path = f"/internal/messages/{ids.encode(subject_id)}"
            return await self._services["dm"].get(path, before=messages_before, **asked)
        return await self._services["posts"].get(f"/internal/reported/{kind}/{ids.encode(subject_id)}", **asked)


@dataclass(frozen=True, slots=True)
class Jobs:
    """The exports to collect. Blocking; `extend` and `finish` raise NotFound if one is not wanted any more."""

    claim: Callable[[], Row[Any] | None]
    """Holds the export that is due for longest."""
    extend: Callable[[Row[Any]], Row[Any]]
    """Holds it for longer."""
    finish: Callable[[Row[Any]], None]
    """Its file is stored."""
    own_data: Callable[[int], Mapping[str, Sequence[Item]]]
    """What auth itself stores about an account, by the names of lists."""


class Exporter:
    """Collects one export after another."""

    def __init__(self, jobs: Jobs, storage: Storage, services: Mapping[str, ServiceClient]) -> None:
        self.jobs = jobs
        self.storage = storage
        self.services = services

    async def step(self) -> bool:
        """Collect the export that is due for longest. Returns whether there may be more. Raises Unavailable."""
        held = await to_thread.run_sync(self.jobs.claim)
        if held is None:
            return False
        with TemporaryDirectory(prefix="export-") as folder:
            path = Path(folder) / "export.zip"
            try:
                held = await _Collection(self, path, held).run()
                await to_thread.run_sync(self.storage.put_file, held.name, path, "application/zip")
                await to_thread.run_sync(self.jobs.finish, held)
            except NotFound:
                await to_thread.run_sync(self.storage.delete, [held.name])  # it may have been stored after its deletion
        return True


class _Collection:
    """An archive that is being written. What blocks runs in threads; the export is held by the page."""

    def __init__(self, exporter: Exporter, path: Path, held: Row[Any]) -> None:
        self._exporter = exporter
        self._archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self._held = held
        self._user = ids.encode(held.account_id)
        self._photos: list[tuple[str, str, str]] = []
        """Of photos: the service that has it, its URL, and its name in the archive."""

    async def run(self) -> Row[Any]:
        """Write everything. Returns the export as it is held now. Raises NotFound, Unavailable."""
        with self._archive:
            self._archive.writestr("README.txt", README)
            await self._own()
            await self._list("posts", "posts", self._note_post)
            for service, kinds in LISTS.items():
                for kind in kinds:
                    await self._list(service, kind)
            await self._conversations()
            for service, url, name in self._photos:
                await self._hold()
                content = await self._patiently(lambda: self._exporter.services[service].read(url, MAX_PHOTO_BYTES))  # noqa: B023 - called at once
                if content is not None:  # it was deleted meanwhile
                    await to_thread.run_sync(self._store, name, content)
        return self._held

    async def _own(self) -> None:
        """What auth itself has."""
        own = await to_thread.run_sync(self._exporter.jobs.own_data, self._held.account_id)
        for name, items in own.items():
            self._archive.writestr(f"{name}.jsonl", _lines(items))
        for account in own.get("account", []):
            if account["avatar_url"] is not None:
                await to_thread.run_sync(self._store_picture, account["avatar_url"].removeprefix(AVATARS))

    def _store_picture(self, name: str) -> None:
        try:
            self._store("photos/picture.jpg", self._exporter.storage.get(name))
        except NotFound:
            return  # it was replaced meanwhile

    async def _list(self, service: str, kind: str, note: Callable[[Item], None] = lambda _: None) -> None:
        """A file with all items of this list."""
        with self._archive.open(f"{kind}.jsonl", "w", force_zip64=True) as file:
            await self._copy(file.write, service, kind, note)

    async def _conversations(self) -> None:
        """The rooms, and the messages of all of them in one file."""
        rooms: dict[str, None] = {}
        await self._list("dm", "rooms", lambda room: rooms.setdefault(room["id"]))
        with self._archive.open("messages.jsonl", "w", force_zip64=True) as file:
            for room in rooms:
                await self._copy(file.write, "dm", f"rooms/{room}/messages", self._note_message)

    async def _copy(self, write: Callable[[bytes], int], service: str, kind: str, note: Callable[[Item], None]) -> None:
        client, path, after = self._exporter.services[service], f"/internal/exports/{self._user}/{kind}", ""
        while after is not None:
            await self._hold()
            page = await self._patiently(lambda: client.get(path, after=after))  # noqa: B023 - called at once
            if page is None:  # deleted meanwhile
                return
            for item in page["items"]:
                note(item)
            await to_thread.run_sync(write, _lines(page["items"]))
            after = page["next"]

    def _note_post(self, post: Item) -> None:
        self._photos += [("posts", each["url"], f"photos/posts/{each['id']}.jpg") for each in post["media"]]

    def _note_message(self, message: Item) -> None:
        if message["image"] is not None and message["sender"]["id"] == self._user:
            image = message["image"]
            self._photos.append(("dm", image["url"], f"photos/messages/{image['id']}.jpg"))

    def _store(self, name: str, content: bytes) -> None:
        self._archive.writestr(zipfile.ZipInfo(name), content)  # not compressed: it is already

    async def _hold(self) -> None:
        self._held = await to_thread.run_sync(self._exporter.jobs.extend, self._held)

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask again while the service is unavailable."""
        for seconds in RETRY_SECONDS:
            try:
                return await ask()
            except Unavailable:
                await asyncio.sleep(seconds)
        return await ask()


def _lines(items: Iterable[Item]) -> bytes:
    return b"".join(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in items)
