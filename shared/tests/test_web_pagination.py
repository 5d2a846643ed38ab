"""Lists over HTTP: pages by links, with any other parameters."""

from urllib.parse import parse_qs, urlsplit

import pytest

from shared.testing import LiveService
from shared.tests.sample_service import MINTER

THINGS = "/api/v1/things"


@pytest.fixture(autouse=True, scope="module")
def seven(standing: LiveService) -> list[str]:
    """Their texts, newest first."""
    texts = [str(number) for number in range(7)]
    for text in texts:
        assert standing.client.post(THINGS, json={"text": text}, headers=MINTER.bearer(1)).status_code == 201
    return texts[::-1]


def walk(standing: LiveService, path: str) -> tuple[list[str], list[str]]:
    """All items by following the links, and the links."""
    seen: list[str] = []
    links: list[str] = []
    for _ in range(20):
        answer = standing.client.get(path)
        body = answer.json()
        seen += [each["text"] for each in body["items"]]
        link = answer.headers.get("link")
        assert (link is None) == (body["next_cursor"] is None)
        if link is None:
            return seen, links
        path, _, relation = link.removeprefix("<").partition(">; ")
        assert relation == 'rel="next"'
        assert parse_qs(urlsplit(path).query)["cursor"] == [body["next_cursor"]]
        links.append(path)
    raise AssertionError("the list never ends")


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_of_any_size_contain_every_item_once(standing: LiveService, seven: list[str], limit: int) -> None:
    seen, links = walk(standing, f"{THINGS}?limit={limit}")
    assert seen == seven
    assert len(links) == -(-7 // limit) - 1


@pytest.mark.parametrize("limit", ["0", "101", "5.0", "1_0", "+5", " 5", "-5", "0x5", "1e1", "٥", "", "5 ", "9" * 10])
def test_limit_is_a_number_of_1_to_100(standing: LiveService, limit: str) -> None:
    answer = standing.client.get(THINGS, params={"limit": limit})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/limit"), answer.text


def test_default_page_size_is_twenty(standing: LiveService, seven: list[str]) -> None:
    assert [each["text"] for each in standing.client.get(THINGS).json()["items"]] == seven
    assert standing.client.get(THINGS).json()["next_cursor"] is None


@pytest.mark.parametrize("colour", ["blue", "", "a b&c=d", "빨강", "%", "<x>; rel=next", "\n"])
def test_next_link_keeps_all_other_parameters(standing: LiveService, seven: list[str], colour: str) -> None:
    first = standing.client.get(THINGS, params={"colour": colour, "limit": 3})
    path = first.headers["link"].removeprefix("<").partition(">")[0]
    kept = parse_qs(urlsplit(path).query, keep_blank_values=True)
    assert (kept["colour"], kept["limit"]) == ([colour], ["3"])
    assert {each["colour"] for each in standing.client.get(path).json()["items"]} == {colour}
    assert walk(standing, path)[0] == seven[3:]


def test_cursor_is_valid_with_any_parameter_order_and_limit(standing: LiveService, seven: list[str]) -> None:
    cursor = standing.client.get(f"{THINGS}?limit=3&colour=blue").json()["next_cursor"]
    for query in (f"cursor={cursor}&colour=blue&limit=100", f"colour=blue&limit=100&cursor={cursor}"):
        assert [each["text"] for each in standing.client.get(f"{THINGS}?{query}").json()["items"]] == seven[3:]


@pytest.mark.parametrize("query", ["", "colour=red&"])
def test_cursor_of_another_list_is_refused(standing: LiveService, query: str) -> None:
    cursor = standing.client.get(f"{THINGS}?limit=3&colour=blue").json()["next_cursor"]
    answer = standing.client.get(f"{THINGS}?{query}cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "%C3%A9", "%00", "A" * 3_000, "{}"])
def test_forged_cursor_is_refused(standing: LiveService, cursor: str) -> None:
    answer = standing.client.get(f"{THINGS}?cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1.5", "1e1", "9" * 5_000])
def test_limit_outside_1_to_100_is_refused(standing: LiveService, limit: str) -> None:
    answer = standing.client.get(f"{THINGS}?limit={limit}")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert answer.json()["errors"][0]["pointer"] == "/limit"
