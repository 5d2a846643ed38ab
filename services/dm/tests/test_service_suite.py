"""The tests that every service must pass."""

import pytest

from services.dm.models import metadata
from shared.testing import LiveService
from shared.testing.service_suite import ServiceSuite

from .conftest import MIGRATIONS


class TestDm(ServiceSuite):
    metadata = metadata
    migrations_folder = MIGRATIONS

    @pytest.fixture
    def service(self, dm: LiveService) -> LiveService:
        return dm
