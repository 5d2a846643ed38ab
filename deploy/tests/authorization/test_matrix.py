"""Every route with every kind of client: the responses match the table, and refused requests change nothing."""

import pytest

from deploy.tests.journeys.contract import operations
from deploy.tests.journeys.person import API, Person
from deploy.tests.journeys.responses import answer, refusal, shown, unauthorized
from deploy.tests.journeys.routes import nameless
from gateway.pages import ASSETS, FILES, VIEWS
from gateway.routes import LOCAL, ROUTES

from .conftest import RunningGateway
from .requests import REQUESTS, is_neutral
from .sample_data import Scene
from .table import TABLE, Expected

AT_THE_ROOT = {
    f"GET {path}" for path in ("/healthz", "/readyz", "/docs", "/docs/{file}", "/openapi.json", "/asyncapi.json")
}
KEYS = "GET /.well-known/jwks.json"
"""Public routes outside the base path, with the same response for every client."""


def test_every_gateway_route_is_in_the_table() -> None:
    routed = {f"{each.method} {each.pattern.removeprefix(API)}" for each in ROUTES if each.upstream != LOCAL}
    assert {str(each) for each in TABLE} == routed - {KEYS}
    own = {f"{each.method} {each.pattern}" for each in ROUTES if each.upstream == LOCAL}
    assert own - {f"GET {each}" for each in (*VIEWS, *FILES, ASSETS)} == AT_THE_ROOT
    assert set(REQUESTS) == {str(each) for each in TABLE}


def test_every_documented_operation_is_in_the_table_with_its_security(running_gateway: RunningGateway) -> None:
    lines = {nameless(str(each).replace(" ", f" {API}", 1)): each.needs_token for each in TABLE}
    declared = operations(answer(running_gateway.web.get("/openapi.json")))
    described = {nameless(str(each)): each.needs_token for each in declared if str(each) not in AT_THE_ROOT | {KEYS}}
    assert described == lines


@pytest.mark.parametrize("expected", TABLE, ids=str)
def test_response_to_each_kind_of_client_matches_the_table(
    running_gateway: RunningGateway, scene: Scene, expected: Expected
) -> None:
    other_user = Person.newcomer(running_gateway.web)
    tokens = running_gateway.bad_tokens(scene.owner)
    before = scene.state() if expected.needs_token else None
    for token, status in [(None, expected.nobody), *((each, expected.bad_token) for each in tokens.values())]:
        response = running_gateway.ask(expected, scene, scene.owner, token)
        assert response.status_code == status, shown(response)
        if status == 401:
            unauthorized(response)
    if before is not None:
        assert scene.state() == before, "who is not let in changes nothing"
    _as_somebody(running_gateway, scene, expected, other_user, expected.other_user)
    if before is not None and expected.other_user >= 400 and expected.other_user != 426:
        assert scene.state() == before, "another user who is refused changes nothing"
    _as_somebody(running_gateway, scene, expected, scene.owner, expected.owner)
    if before is not None and is_neutral(expected):
        assert scene.state() == before, "other tests use the same scene"


def _as_somebody(running_gateway: RunningGateway, scene: Scene, expected: Expected, who: Person, status: int) -> None:
    response = running_gateway.ask(expected, scene, who, who.access_token)
    assert response.status_code == status, shown(response)
    if status >= 400:
        refusal(response, status)
