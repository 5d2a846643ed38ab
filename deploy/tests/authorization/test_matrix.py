"""Every route times everybody who might ask: the answers are those of the table, and who is refused changes nothing."""

import pytest

from deploy.tests.journeys.answers import answer, refusal, shown, unauthorized
from deploy.tests.journeys.contract import operations
from deploy.tests.journeys.person import API, Person
from deploy.tests.journeys.routes import nameless
from gateway.pages import ASSETS, FILES, VIEWS
from gateway.routes import LOCAL, ROUTES

from .conftest import House
from .requests import REQUESTS
from .scene import Scene
from .table import TABLE, Expected

AT_THE_ROOT = {
    f"GET {path}" for path in ("/healthz", "/readyz", "/docs", "/docs/{file}", "/openapi.json", "/asyncapi.json")
}
KEYS = "GET /.well-known/jwks.json"
"""Public, outside the base path, and the same for everybody."""


def test_every_route_of_the_gateway_has_its_line() -> None:
    routed = {f"{each.method} {each.pattern.removeprefix(API)}" for each in ROUTES if each.upstream != LOCAL}
    assert {str(each) for each in TABLE} == routed - {KEYS}
    own = {f"{each.method} {each.pattern}" for each in ROUTES if each.upstream == LOCAL}
    assert own - {f"GET {each}" for each in (*VIEWS, *FILES, ASSETS)} == AT_THE_ROOT
    assert set(REQUESTS) == {str(each) for each in TABLE}


def test_every_described_operation_has_its_line_and_declares_its_token(house: House) -> None:
    lines = {nameless(str(each).replace(" ", f" {API}", 1)): each.needs_token for each in TABLE}
    declared = operations(answer(house.web.get("/openapi.json")))
    described = {nameless(str(each)): each.needs_token for each in declared if str(each) not in AT_THE_ROOT | {KEYS}}
    assert described == lines


@pytest.mark.parametrize("expected", TABLE, ids=str)
def test_it_answers_everybody_as_the_table_says(house: House, scene: Scene, expected: Expected) -> None:
    stranger = Person.newcomer(house.web)
    tokens = house.bad_tokens(scene.owner)
    before = scene.state() if expected.needs_token else None
    for token, status in [(None, expected.nobody), *((each, expected.bad_token) for each in tokens.values())]:
        response = house.ask(expected, scene, scene.owner, token)
        assert response.status_code == status, shown(response)
        if status == 401:
            unauthorized(response)
    if before is not None:
        assert scene.state() == before, "who is not let in changes nothing"
    _as_somebody(house, scene, expected, stranger, expected.stranger)
    if expected.stranger >= 400 and expected.stranger != 426:
        assert scene.state() == before, "a stranger who is refused changes nothing"
    _as_somebody(house, scene, expected, scene.owner, expected.owner)


def _as_somebody(house: House, scene: Scene, expected: Expected, who: Person, status: int) -> None:
    response = house.ask(expected, scene, who, who.access_token)
    assert response.status_code == status, shown(response)
    if status >= 400:
        refusal(response, status)
