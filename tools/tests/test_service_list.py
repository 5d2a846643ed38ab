"""Every service is in the list of services, and a withdrawal waits for each that stores personal data."""

import importlib
from typing import Any

import pytest
import yaml
from sqlalchemy import MetaData

from gateway.routes import ROUTES
from gateway.settings import Settings
from shared.service_list import NAMES, PURGE_REPORTERS, SERVICES, Service
from tools.description.merge import ABOUT
from tools.lockfiles import ROOT

PERSON_COLUMNS = {
    "account_id", "author_id", "followee_id", "follower_id", "owner_id", "peer_id", "person_id", "recipient_id",
    "sender_id", "uploader_id", "user_id",
}  # fmt: skip
"""Names of columns that hold the id of a person."""
OTHERS = [each for each in SERVICES if each.name != "auth"]


def module(service: Service, name: str) -> Any:
    return importlib.import_module(f"services.{service.name}.{name}")


def keeps_personal_data(metadata: MetaData, events: set[str]) -> bool:
    columns = {column.name for table in metadata.tables.values() for column in table.columns}
    return bool(columns & PERSON_COLUMNS) or any(event.startswith("user.") for event in events)


def test_every_service_folder_is_in_the_list() -> None:
    assert {path.parent.name for path in (ROOT / "services").glob("*/main.py")} == set(NAMES)


@pytest.mark.parametrize("service", OTHERS, ids=lambda each: each.name)
def test_withdrawal_waits_for_every_service_that_keeps_personal_data(service: Service) -> None:
    events = set(module(service, "subscriptions").HANDLERS)
    keeps = keeps_personal_data(module(service, "models").metadata, events)
    assert (service.name in PURGE_REPORTERS) == service.reports_purge == keeps


@pytest.mark.parametrize("service", [each for each in OTHERS if each.reports_purge], ids=lambda each: each.name)
def test_service_awaited_by_a_withdrawal_handles_it_and_reports(service: Service) -> None:
    assert "user.deleted.v1" in module(service, "subscriptions").HANDLERS
    assert "user.purged.v1" in module(service, "events").ANNOUNCES


@pytest.mark.parametrize("name", NAMES)
def test_every_list_of_services_is_complete(name: str) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    schemas = (ROOT / "deploy" / "mysql" / "provision.sh").read_text()
    assert name in compose and f"{name}-migrate" in compose
    assert f'database {name} "${name.upper()}_DATABASE_PASSWORD"' in schemas
    assert name in ABOUT
    assert name in Settings.model_fields.keys() | {key.removesuffix("_url") for key in Settings.model_fields}
    assert name in {route.upstream for route in ROUTES}
