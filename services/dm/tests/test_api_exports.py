"""The lists for exports: only for services with valid credentials."""

import pytest

from shared.testing import LiveService
from shared.testing.api_client import expect_problem

KINDS = ("rooms", "message_settings")


@pytest.mark.parametrize("kind", KINDS)
def test_list_for_exports_requires_service_credentials(dm: LiveService, kind: str) -> None:
    path = f"/internal/exports/0037a52d5f400001/{kind}"
    for headers in ({}, {"authorization": "Bearer x"}):
        assert expect_problem(dm.client.get(path, headers=headers), 401, "invalid_token")
