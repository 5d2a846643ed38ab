"""Text is compressed for clients that accept it; images and tokens never are."""

import httpx
import pytest

from .person import API, Person
from .responses import answer


def coding(response: httpx.Response) -> str | None:
    found: str | None = response.headers.get("content-encoding")
    return found


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
def test_compressed_page_equals_the_uncompressed_page(web: httpx.Client, accepted: str) -> None:
    person = Person.newcomer(web)
    for number in range(4):
        person.posted(f"A caption of the {number}th post")
    path = f"{API}/users/{person.id}/posts"
    response = web.get(path, headers={"accept-encoding": accepted})
    assert coding(response) == (accepted if accepted == "gzip" else None)
    assert [post["caption"] for post in answer(response)["items"]] == [
        f"A caption of the {number}th post" for number in (3, 2, 1, 0)
    ]
    assert "accept-encoding" in response.headers["vary"].lower()


def test_images_are_not_compressed_again(web: httpx.Client) -> None:
    person = Person.newcomer(web)
    photo = web.get(person.posted()["media"][0]["url"], headers={"accept-encoding": "gzip"})
    assert photo.status_code == 200 and coding(photo) is None


def test_tokens_are_not_compressed(web: httpx.Client) -> None:
    """The response repeats `device`, so its compressed length would reveal parts of the token."""
    person = Person.registered(web)
    given = {"identifier": person.nickname, "password": person.password, "device": "x" * 100}
    response = web.post(f"{API}/auth/login", json=given, headers={"accept-encoding": "gzip"})
    answer(response)
    assert coding(response) is None
