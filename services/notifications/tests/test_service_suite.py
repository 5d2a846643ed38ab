"""The tests that every service must pass."""

from services.notifications.models import metadata
from shared.testing.service_suite import ServiceSuite

from .conftest import MIGRATIONS


class TestNotifications(ServiceSuite):
    metadata = metadata
    migrations_folder = MIGRATIONS
