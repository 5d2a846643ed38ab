"""What somebody writes on the client that openapi-python-client made: `python_program.py BASE_URL PICTURE`."""

import secrets
import sys
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from shutter_client import AuthenticatedClient, Client
from shutter_client.api.auth import auth_log_in, auth_sign_up
from shutter_client.api.dm import dm_list_messages, dm_open_room, dm_send
from shutter_client.api.posts import (
    posts_feed,
    posts_like,
    posts_photo,
    posts_publish,
    posts_upload,
    posts_write_comment,
)
from shutter_client.models import (
    Account,
    Comment,
    Like,
    LogIn,
    Media,
    Messages,
    NewComment,
    NewPost,
    NewPostMessage,
    NewTextMessage,
    OpenRoom,
    Post,
    PostMessage,
    Posts,
    PostsUploadBody,
    Problem,
    Room,
    SignUp,
    TextMessage,
    Tokens,
)
from shutter_client.types import File

T = TypeVar("T")
PASSWORD = secrets.token_urlsafe(12)


def expected(kind: type[T], answer: object) -> T:
    """The answer, if it is one of this kind."""
    if not isinstance(answer, kind):
        sys.exit(f"expected {kind.__name__}, and got {answer!r}")
    return answer


def signed_up(client: Client) -> Account:
    """A new account."""
    nickname = f"g{secrets.token_hex(8)}"
    body = SignUp(email=f"{nickname}@example.org", name="Ada", nickname=nickname, password=PASSWORD)
    return expected(Account, auth_sign_up.sync(client=client, body=body))


def main(base_url: str, picture: Path) -> None:
    """Sign up, log in, upload, publish, read, like, comment, and talk."""
    with Client(base_url=base_url) as client:
        ada, bob = signed_up(client), signed_up(client)
        wrong = auth_log_in.sync(client=client, body=LogIn(identifier=ada.nickname, password="wrong"))
        assert expected(Problem, wrong).code == "invalid_credentials"
        right = auth_log_in.sync(client=client, body=LogIn(identifier=ada.nickname, password=PASSWORD))
        tokens = expected(Tokens, right)
    assert isinstance(ada.created_at, datetime) and ada.created_at.utcoffset() is not None
    with AuthenticatedClient(base_url=base_url, token=tokens.access_token) as client:
        post = published(client, picture)
        talked(client, bob, post)


def published(client: AuthenticatedClient, picture: Path) -> Post:
    """A photo is uploaded and published, and what it gets is told."""
    with picture.open("rb") as file:
        body = PostsUploadBody(file=File(file, picture.name, "image/jpeg"), alt="A dot")
        media = expected(Media, posts_upload.sync(client=client, body=body))
    assert media.alt == "A dot"
    new, key = NewPost(media_ids=[media.id], caption="Made by a generator"), secrets.token_hex(8)
    post = expected(Post, posts_publish.sync(client=client, body=new, idempotency_key=key))
    again = expected(Post, posts_publish.sync(client=client, body=new, idempotency_key=key))
    assert again.id == post.id, "the key of a request that is repeated"
    assert expected(Posts, posts_feed.sync(client=client)).items[0].id == post.id
    assert expected(Like, posts_like.sync(post.id, client=client)).like_count == 1
    comment = posts_write_comment.sync(post.id, client=client, body=NewComment(text="Lovely light"))
    assert expected(Comment, comment).post_id == post.id
    shown = posts_photo.sync(media.url.rpartition("/")[2], client=client)
    assert expected(File, shown).payload.read(2) == b"\xff\xd8", "the bytes of a JPEG"
    return post


def talked(client: AuthenticatedClient, peer: Account, post: Post) -> None:
    """A room is opened, and messages of two kinds are sent and read."""
    room = expected(Room, dm_open_room.sync(client=client, body=OpenRoom(user_id=peer.id)))
    said = expected(TextMessage, dm_send.sync(room.id, client=client, body=NewTextMessage(type_="text", text="Hello")))
    shared = NewPostMessage(type_="post", post_id=post.id, reply_to=said.id)
    assert expected(PostMessage, dm_send.sync(room.id, client=client, body=shared)).post_id == post.id
    found = expected(Messages, dm_list_messages.sync(room.id, client=client))
    assert [type(each) for each in found.items] == [PostMessage, TextMessage]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
    print("done")
