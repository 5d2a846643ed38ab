"""OpenAPI links: which operations can follow a response."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SUCCESSES = ("200", "201")


@dataclass(frozen=True, slots=True)
class Next:
    """An operation that can follow, and where its path parameters are in the response."""

    operation: str
    parameters: Mapping[str, str]


NEXT: dict[str, tuple[Next, ...]] = {
    "auth_sign_up": (
        Next("auth_by_id", {"user_id": "/id"}),
        Next("auth_by_nickname", {"nickname": "/nickname"}),
        Next("social_counts", {"user_id": "/id"}),
        Next("posts_posts_of", {"user_id": "/id"}),
    ),
    "posts_publish": (
        Next("posts_post", {"post_id": "/id"}),
        Next("posts_edit_post", {"post_id": "/id"}),
        Next("posts_like", {"post_id": "/id"}),
        Next("posts_list_likes", {"post_id": "/id"}),
        Next("posts_save", {"post_id": "/id"}),
        Next("posts_write_comment", {"post_id": "/id"}),
        Next("posts_comments_of", {"post_id": "/id"}),
    ),
    "posts_write_comment": (
        Next("posts_edit_comment", {"comment_id": "/id"}),
        Next("posts_replies_to", {"comment_id": "/id"}),
        Next("posts_like_comment", {"comment_id": "/id"}),
        Next("posts_list_comment_likes", {"comment_id": "/id"}),
        Next("posts_post", {"post_id": "/post_id"}),
    ),
    "dm_open_room": (
        Next("dm_room", {"room_id": "/id"}),
        Next("dm_send", {"room_id": "/id"}),
        Next("dm_upload", {"room_id": "/id"}),
        Next("dm_list_messages", {"room_id": "/id"}),
    ),
    "dm_send": (
        Next("dm_message", {"room_id": "/room_id", "message_id": "/id"}),
        Next("dm_list_messages", {"room_id": "/room_id"}),
    ),
}


def with_links(paths: Mapping[str, Mapping[str, Any]]) -> None:
    """Add them to the operations. Raises KeyError for a link to an unknown parameter."""
    there = {operation["operationId"]: operation for item in paths.values() for operation in item.values()}
    for name, following in NEXT.items():
        links = dict(_link(each, there[each.operation]) for each in following if each.operation in there)
        for status in SUCCESSES:
            if name in there and status in there[name]["responses"]:
                there[name]["responses"][status]["links"] = links


def _link(following: Next, operation: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    known = set(_path_parameters(operation))
    if set(following.parameters) != known:
        raise KeyError(f"{following.operation} has the path parameters {sorted(known)}")
    parameters = {name: f"$response.body#{pointer}" for name, pointer in following.parameters.items()}
    return following.operation, {"operationId": following.operation, "parameters": parameters}


def _path_parameters(operation: Mapping[str, Any]) -> Iterator[str]:
    return (each["name"] for each in operation.get("parameters", ()) if each["in"] == "path")
