"""Fixtures that tests of every room may ask for."""

pytest_plugins = ["shared.testing.containers", "shared.testing.homes"]
