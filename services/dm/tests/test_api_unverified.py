"""Users who have not confirmed their email address may not send messages in production, unless a setting allows it."""

from typing import Any

import pytest

from services.dm.settings import Settings
from shared import ids
from shared.testing import LiveService
from shared.testing.api_client import expect_problem
from shared.testing.tokens import FakeTokenIssuer

A_ROOM = ids.encode(1)  # fixed: part of the names of the tests
WRITES = [
    ("POST", "/api/v1/rooms", {"json": {"user_id": A_ROOM}}),
    ("POST", f"/api/v1/rooms/{A_ROOM}/messages", {"json": {"type": "text", "text": "x"}}),
    ("POST", f"/api/v1/rooms/{A_ROOM}/media", {"files": {"file": b"x"}}),
]


@pytest.fixture
def production(dm: LiveService, settings: Settings) -> LiveService:
    """The service with the default of production."""
    dm.app.state.settings = settings.model_copy(update={"unverified_may_post": False})
    return dm


def header(token_issuer: FakeTokenIssuer, *, verified: bool) -> dict[str, str]:
    return {"authorization": f"Bearer {token_issuer.token(1, email_verified=verified)}"}


@pytest.mark.parametrize(("method", "path", "content"), WRITES)
def test_unverified_user_may_not_write(
    production: LiveService, token_issuer: FakeTokenIssuer, method: str, path: str, content: Any
) -> None:
    headers = header(token_issuer, verified=False)
    expect_problem(production.client.request(method, path, headers=headers, **content), 403, "email_unverified")
    headers = header(token_issuer, verified=True)
    assert production.client.request(method, path, headers=headers, **content).json()["code"] != "email_unverified"


def test_unverified_user_may_read(production: LiveService, token_issuer: FakeTokenIssuer) -> None:
    headers = header(token_issuer, verified=False)
    assert production.client.get("/api/v1/rooms", headers=headers).status_code == 200


def test_unverified_user_may_write_in_development(dm: LiveService, token_issuer: FakeTokenIssuer) -> None:
    answer = dm.client.post("/api/v1/rooms", json={"user_id": A_ROOM}, headers=header(token_issuer, verified=False))
    assert answer.json()["code"] != "email_unverified"
