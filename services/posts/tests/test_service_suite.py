"""The tests that every service must pass."""

from services.posts.models import metadata
from shared.testing.service_suite import ServiceSuite

from .conftest import MIGRATIONS


class TestPosts(ServiceSuite):
    metadata = metadata
    migrations_folder = MIGRATIONS
