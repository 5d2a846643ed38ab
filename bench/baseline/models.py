"""The ORM models of the baseline."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, func
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Model(DeclarativeBase):
    """Base class."""

    type_annotation_map = {int: BigInteger, datetime: DATETIME(fsp=3)}  # noqa: RUF012 - as SQLAlchemy documents it


class User(Model):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    nickname: Mapped[str] = mapped_column(String(30))
    name: Mapped[str] = mapped_column(String(60))
    avatar_url: Mapped[str | None] = mapped_column(String(255))


class Follow(Model):
    __tablename__ = "follows"

    follower_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    followee_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)


class Post(Model):
    __tablename__ = "posts"
    __table_args__ = (Index("posts_by_author", "author_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    caption: Mapped[str | None] = mapped_column(String(2200))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(3))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(3))

    author: Mapped[User] = relationship()
    media: Mapped[list["Media"]] = relationship(order_by="Media.position")


class Media(Model):
    """A photo; without a post it is an upload."""

    __tablename__ = "media"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    display: Mapped[str] = mapped_column(String(120))
    thumbnail: Mapped[str] = mapped_column(String(120))
    width: Mapped[int]
    height: Mapped[int]
    blurhash: Mapped[str] = mapped_column(String(120))
    alt: Mapped[str | None] = mapped_column(String(1000))
    content_type: Mapped[str] = mapped_column(String(40))

    @property
    def url(self) -> str:
        """The URL of the display size."""
        return f"/api/v1/media/{self.display}"

    @property
    def thumbnail_url(self) -> str:
        """The URL of the thumbnail."""
        return f"/api/v1/media/{self.thumbnail}"


class Like(Model):
    __tablename__ = "likes"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), primary_key=True, index=True)


class Comment(Model):
    __tablename__ = "comments"
    __table_args__ = (Index("comments_by_post", "post_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    text: Mapped[str] = mapped_column(String(1000))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(3))
