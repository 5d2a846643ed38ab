"""Below a path prefix of another server: a proxy removes the prefix, and every URL in a response has it."""

import re
from collections.abc import Iterator
from functools import partial
from urllib.parse import urljoin

import httpx
import pytest

from deploy.tests.journeys.image_files import picture
from deploy.tests.journeys.person import API, Person
from deploy.tests.journeys.responses import answer
from deploy.tests.path_proxy import PREFIX, below_path
from deploy.tests.standalone_process import ForkedStandalone, Standalone
from shared.testing import eventually
from shared.testing.waiting import WAIT_SECONDS
from shared.testing.websocket_client import listening


@pytest.fixture(scope="module")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """With a public URL."""
    settings = {"PUBLIC_URL": f"https://example.com{PREFIX}"}
    with ForkedStandalone(tmp_path_factory.mktemp("public") / "data", settings=settings).served() as running:
        yield running


@pytest.fixture(scope="module")
def web(standalone: Standalone) -> Iterator[httpx.Client]:
    """A client of the proxy."""
    with below_path(standalone.base_url) as address, httpx.Client(base_url=address, timeout=WAIT_SECONDS) as client:
        yield client


def served(web: httpx.Client, address: str, person: Person | None = None) -> httpx.Response:
    """The resource at a URL in a response, resolved as browsers do (RFC 3986)."""
    assert address.startswith(f"{PREFIX}/")
    headers = {"authorization": f"Bearer {person.access_token}"} if person else {}
    response = web.get(urljoin(str(web.base_url), address), headers=headers)
    assert response.status_code == 200, address
    return response


def test_every_url_in_a_response_has_the_path_prefix(web: httpx.Client, standalone: Standalone) -> None:
    jo, friend = Person.newcomer(web), Person.newcomer(web)
    avatar = answer(jo.show_face(picture()))["avatar_url"]
    answer(friend.follow(jo.id))
    made = jo.post("one")
    post, location = answer(made, 201), made.headers["location"]
    served(web, location, jo)
    jo.posted("two")

    room = answer(friend.open_room(jo.id), 201)["id"]
    with listening(f"{standalone.base_url}{API}/ws", jo.access_token) as heard:
        message = answer(friend.show(room), 201)
        event = next(each["data"] for each in iter(heard.next, None) if each["event"] == "message.created")
    answer(friend.like(post["id"]))
    notifications = partial(jo.send, "GET", "/notifications")
    pictures = eventually(lambda: [each["post"] for each in answer(notifications())["items"] if each["post"]])
    addresses = [
        avatar,
        *(each["thumbnail_url"] for each in pictures),
        *(each[name] for each in post["media"] for name in ("url", "thumbnail_url")),
        *(each[name] for each in (message["image"], event["image"]) for name in ("url", "thumbnail_url")),
    ]
    for address in addresses:
        assert served(web, address).headers["content-type"].startswith("image/")

    def known(shown: object) -> bool:
        return bool(shown == avatar)

    following = f"{API}/users/{friend.id}/following"
    eventually(lambda: known(answer(web.get(following))["items"][0]["avatar_url"]))
    eventually(lambda: known(answer(web.get(f"{API}/posts/{post['id']}"))["author"]["avatar_url"]))
    eventually(lambda: known(answer(friend.send("GET", "/rooms"))["items"][0]["peer"]["avatar_url"]))
    assert known(answer(web.get(f"{API}/users/{jo.id}"))["avatar_url"])

    page = web.get(f"{API}/users/{jo.id}/posts", params={"limit": 1})
    link = re.fullmatch('<([^>]+)>; rel="next"', page.headers["link"])
    assert link is not None
    assert answer(served(web, link[1]))["items"][0]["id"] == post["id"]


def test_documentation_works_below_the_path_prefix(web: httpx.Client) -> None:
    page = web.get("/docs")
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert web.get(urljoin(str(page.url), address)).status_code == 200, address
    document = answer(web.get("/openapi.json"))
    assert [server["url"] for server in document["servers"]] == [PREFIX]
