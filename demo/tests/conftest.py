"""The instance that the tests of deploy use."""

from deploy.tests.conftest import base_url

__all__ = ["base_url"]
