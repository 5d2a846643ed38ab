"""Writes a dataset into the database as posts stores it, and copies it to the baseline's tables.

Only the schema of posts is filled: the measured routes read no other one. Timelines are written by the service's own
`rebuild-feed`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import Connection, Engine, Row, Table, insert, text
from sqlalchemy.schema import CreateIndex, CreateTable

from bench.baseline.models import Model
from bench.dataset import Dataset
from services.posts import models
from services.posts.actions.counters import shard_of
from services.posts.queries.photos import stored_json
from shared import clock, ids

BATCH = 5_000
Rows = Iterator[dict[str, Any]]
Uploads = Mapping[int, Sequence[int]]
"""By owner."""


def fill(engine: Engine, dataset: Dataset) -> None:
    """Replace the content of the schema of posts."""
    for table in models.metadata.sorted_tables:
        with engine.begin() as tx:
            tx.execute(text(f"TRUNCATE TABLE {table.name}"))
    _pour(engine, models.people, map(_person, enumerate(dataset.people)))
    _pour(engine, models.follows, _follows(dataset))
    _pour(engine, models.media, (_photo(post.id, post.author, post.id) for post in dataset.posts))
    add_uploads(engine, dataset.uploads)
    _pour(engine, models.posts, _posts(dataset))
    _pour(engine, models.likes, _likes(dataset))
    _pour(engine, models.comments, _comments(dataset))
    _pour(engine, models.tallies, _counters(dataset))
    if not dataset.posts:  # nothing is missing in any timeline
        _pour(engine, models.feeds, ({"owner_id": each, "floor": 0} for each in dataset.followed_by))


def add_uploads(engine: Engine, uploads: Uploads) -> None:
    """Photos without a post, into the schema of posts."""
    _pour(engine, models.media, _unused(uploads))
    _pour(engine, models.disposal, _files(uploads))


def copy_to_baseline(engine: Engine) -> None:
    """Copy the dataset into a new schema of the baseline."""
    with engine.begin() as tx:
        tx.execute(text("DROP SCHEMA IF EXISTS baseline"))
        tx.execute(text("CREATE SCHEMA baseline CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci"))
        tx.execute(text("USE baseline"))
        for table in Model.metadata.sorted_tables:
            tx.execute(CreateTable(table))
            _copy(tx, table)
            for index in table.indexes:
                tx.execute(CreateIndex(index))
        tx.execute(text("USE mysql"))


def analyze(engine: Engine, schema: str, tables: Iterable[Table]) -> None:
    """Update the statistics of the optimizer."""
    with engine.connect() as connection:
        names = ", ".join(f"{schema}.{table.name}" for table in tables)
        connection.execute(text(f"ANALYZE TABLE {names}")).all()


COPIES = {
    "users": "SELECT id, nickname, name, avatar_url FROM posts.people",
    "follows": "SELECT follower_id, followee_id FROM posts.follows",
    "posts": "SELECT id, author_id, caption, FROM_UNIXTIME(created_at / 1000), FROM_UNIXTIME(updated_at / 1000)"
    " FROM posts.posts",
    "media": "SELECT id, owner_id, post_id, 0, display, thumbnail, width, height, blurhash, alt, content_type"
    " FROM posts.media",
    "likes": "SELECT person_id, post_id FROM posts.likes",
    "comments": "SELECT id, post_id, author_id, text, FROM_UNIXTIME(created_at / 1000) FROM posts.comments",
}
"""In the order of the baseline's columns."""


def _copy(tx: Connection, table: Table) -> None:
    names = ", ".join(column.name for column in table.columns)
    tx.execute(text(f"INSERT INTO {table.name} ({names}) {COPIES[table.name]}"))


def _pour(engine: Engine, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        with engine.begin() as tx:
            tx.execute(insert(table), batch)


def _person(numbered: tuple[int, int]) -> dict[str, Any]:
    number, person = numbered
    names = {"nickname": f"person.{number}", "name": f"Person {number} of the graph"}
    return {"id": person, **names, "avatar_url": f"/api/v1/avatars/{person:032x}.jpg", "version": 1, "deleted": False}


def _follows(dataset: Dataset) -> Rows:
    for version, (follower, followee) in enumerate(dataset.follows, 1):
        yield {"follower_id": follower, "followee_id": followee, "version": version, "following": True}


def _photo(media_id: int, owner: int, post: int | None) -> dict[str, Any]:
    return {
        "id": media_id,
        "owner_id": owner,
        "post_id": post,
        "display": f"{media_id:032x}.jpg",
        "thumbnail": f"{media_id:032x}.t.jpg",
        "width": 2048,
        "height": 1536,
        "blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
        "alt": "Boats in a harbour, one of them red",
        "content_type": "image/jpeg",
        "variants": None,
        "camera_info": None,
        "missing": None,
        "created_at": _made_at(media_id),
    }


def _files(uploads: Uploads) -> Rows:
    """Those of unused uploads are deleted after a day."""
    for photo in _unused(uploads):
        for name in (photo["display"], photo["thumbnail"]):
            yield {"name": name, "due_at": clock.now() + clock.DAY}


def _unused(uploads: Uploads) -> Rows:
    for owner, media_ids in uploads.items():
        yield from (_photo(each, owner, None) for each in media_ids)


def _posts(dataset: Dataset) -> Rows:
    for post in dataset.posts:
        row = cast("Row[Any]", SimpleNamespace(**_photo(post.id, post.author, post.id)))
        made_at = _made_at(post.id)
        yield {
            "id": post.id,
            "author_id": post.author,
            "caption": f"The harbour this morning, seen from the bridge, number {post.number}",
            "media": [stored_json(row)],
            "created_at": made_at,
            "updated_at": made_at,
        }


def _likes(dataset: Dataset) -> Rows:
    for number, (person, post) in enumerate(dataset.likes):
        yield {"person_id": person, "post_id": post, "id": ids.first_id_at(clock.now() - clock.DAY) | number}


def _comments(dataset: Dataset) -> Rows:
    made_at = clock.now() - clock.DAY
    for number, (author, post) in enumerate(dataset.comments):
        yield {
            "id": ids.first_id_at(made_at) | number,
            "post_id": post,
            "root_id": None,
            "parent_id": None,
            "author_id": author,
            "text": f"Lovely light, number {number}!",
            "deleted": False,
            "reply_count": 0,
            "created_at": made_at,
            "updated_at": made_at,
        }


def _counters(dataset: Dataset) -> Rows:
    likes = Counter((post, shard_of(person)) for person, post in dataset.likes)
    comments = Counter((post, shard_of(person)) for person, post in dataset.comments)
    for post, place in sorted(likes.keys() | comments.keys()):
        counts = {"likes": likes[post, place], "comments": comments[post, place]}
        yield {"post_id": post, "slot": place, **counts}


def _made_at(id_: int) -> int:
    return (id_ >> ids.RANDOM_BITS) + ids.EPOCH
