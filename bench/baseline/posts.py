"""The only service of the baseline: FastAPI, the async ORM, `response_model`, and a feed that is read on demand."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Query
from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import selectinload

from bench.baseline import schemas
from bench.baseline.models import Comment, Follow, Like, Media, Post, User
from bench.baseline.security import CurrentUserId
from bench.baseline.settings import settings

engine = create_async_engine(
    settings.database_url,
    pool_size=settings.pool_size,
    max_overflow=0,
    pool_timeout=30,
    pool_pre_ping=True,
    isolation_level="READ COMMITTED",
)
sessions = async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Close the connections at the end."""
    yield
    await engine.dispose()


app = FastAPI(title="baseline posts", lifespan=lifespan)


async def session() -> AsyncIterator[AsyncSession]:
    """One for each request."""
    async with sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]
Limit = Annotated[int, Query(ge=1, le=100)]


@app.get("/readyz")
async def ready(db: Session) -> dict[str, str]:
    await db.execute(select(literal(1)))
    return {"status": "ready"}


@app.get("/api/v1/feed", response_model=schemas.Posts)
async def feed(db: Session, me: CurrentUserId, limit: Limit = 20, cursor: int | None = None) -> Any:
    """Own and followed posts, newest first."""
    followees = await db.scalars(select(Follow.followee_id).where(Follow.follower_id == me))
    return await page(db, me, Post.author_id.in_([*followees, me]), limit, cursor)


@app.get("/api/v1/users/{user_id}/posts", response_model=schemas.Posts)
async def posts_of(db: Session, me: CurrentUserId, user_id: int, limit: Limit = 20, cursor: int | None = None) -> Any:
    """Posts of a user, newest first."""
    found = await page(db, me, Post.author_id == user_id, limit, cursor)
    if not found["items"] and await db.get(User, user_id) is None:
        raise HTTPException(404, "There is no such person")
    return found


@app.get("/api/v1/posts/{post_id}", response_model=schemas.Post)
async def one_post(db: Session, me: CurrentUserId, post_id: int) -> Any:
    found = await page(db, me, Post.id == post_id, 1, None)
    if not found["items"]:
        raise HTTPException(404, "There is no such post")
    return found["items"][0]


@app.post("/api/v1/posts", response_model=schemas.Post, status_code=201)
async def publish(db: Session, me: CurrentUserId, body: schemas.NewPost) -> Any:
    """Create a post of own uploads."""
    mine = select(Media).where(Media.id.in_(body.media_ids), Media.owner_id == me, Media.post_id.is_(None))
    found = {media.id: media for media in await db.scalars(mine.with_for_update())}
    if set(found) != set(body.media_ids):
        raise HTTPException(422, "unknown_media")
    post = Post(author_id=me, caption=body.caption)
    db.add(post)
    await db.flush()
    for position, media_id in enumerate(body.media_ids):
        found[media_id].post_id = post.id
        found[media_id].position = position
    await db.commit()
    return await one_post(db, me, post.id)


@app.put("/api/v1/posts/{post_id}/like", response_model=schemas.Like)
async def like(db: Session, me: CurrentUserId, post_id: int) -> Any:
    """Idempotent."""
    if await db.get(Post, post_id) is None:
        raise HTTPException(404, "There is no such post")
    await db.execute(insert(Like).prefix_with("IGNORE").values(user_id=me, post_id=post_id))
    await db.commit()
    count = await db.scalar(select(func.count()).where(Like.post_id == post_id))
    return {"post_id": post_id, "liked": True, "like_count": count}


async def page(db: AsyncSession, me: int, which: ColumnElement[bool], limit: int, cursor: int | None) -> dict[str, Any]:
    """Posts with authors, photos and counts, newest first, after this id."""
    wanted = select(Post).where(which).options(selectinload(Post.author), selectinload(Post.media))
    if cursor is not None:
        wanted = wanted.where(Post.id < cursor)
    found = (await db.scalars(wanted.order_by(Post.id.desc()).limit(limit + 1))).all()
    kept = found[:limit]
    items = await shown(db, me, kept)
    return {"items": items, "next_cursor": kept[-1].id if len(found) > limit else None}


async def shown(db: AsyncSession, me: int, posts: Sequence[Post]) -> list[dict[str, Any]]:
    """With their counts, and whether this user likes them: one grouped query for each."""
    post_ids = [post.id for post in posts]
    likes = await counted(db, Like.post_id, post_ids)
    comments = await counted(db, Comment.post_id, post_ids)
    liked = set(await db.scalars(select(Like.post_id).where(Like.user_id == me, Like.post_id.in_(post_ids))))
    return [
        {
            "id": post.id,
            "author": post.author,
            "caption": post.caption,
            "media": post.media,
            "like_count": likes.get(post.id, 0),
            "comment_count": comments.get(post.id, 0),
            "liked": post.id in liked,
            "created_at": post.created_at,
            "updated_at": post.updated_at,
        }
        for post in posts
    ]


async def counted(db: AsyncSession, column: Any, post_ids: list[int]) -> dict[int, int]:
    """The number of rows of each of these posts."""
    rows = await db.execute(select(column, func.count()).where(column.in_(post_ids)).group_by(column))
    return dict(rows.tuples().all())


if __name__ == "__main__":
    uvicorn.run(app, port=settings.port, loop="uvloop", http="httptools", access_log=False, log_level="warning")
