"""The tests that every service must pass."""

import pytest

from services.social.models import metadata
from shared.testing import LiveService
from shared.testing.service_suite import ServiceSuite

from .conftest import MIGRATIONS


class TestSocial(ServiceSuite):
    metadata = metadata
    migrations_folder = MIGRATIONS

    @pytest.fixture
    def service(self, social: LiveService) -> LiveService:
        return social
