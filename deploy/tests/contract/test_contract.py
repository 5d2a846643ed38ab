"""Schemathesis over the merged OpenAPI: every check, in every phase, on every route.

A longer run with another seed: SCHEMATHESIS_EXAMPLES=300 SCHEMATHESIS_SEED=7 make test ARGS="deploy/tests/contract -s"
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from schemathesis.checks import CHECKS, load_all_checks

from deploy.tests import identities
from deploy.tests.journeys.person import API, Person
from deploy.tests.standalone_process import CHEAP_HASHES, REPOSITORY, ForkedStandalone, Standalone
from shared.testing.waiting import WAIT_SECONDS

from .events import Deeds

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "4")
"""For each operation in fuzzing, and for sequences of operations."""
SEED = os.environ.get("SCHEMATHESIS_SEED", "2026")
PHASES = {"examples", "coverage", "fuzzing", "stateful"}
BY_MESSAGE = {f"POST {API}/auth/password-reset/confirm", f"POST {API}/auth/email-verification/confirm"}
"""What they accept exists only in messages; `services/auth/tests` reads those."""

FOR_MODERATORS = f" {API}/moderation/"
"""In each of these: neither user has a role. `services/auth/tests` has moderators."""


@dataclass
class Run:
    """A finished run of Schemathesis."""

    operations: set[str]
    code: int
    printed: str
    deeds: Deeds


@pytest.fixture
def standalone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    with ForkedStandalone(
        tmp_path_factory.mktemp("contract") / "data", settings=CHEAP_HASHES | identities.settings()
    ).served() as running:
        yield running


@pytest.fixture
def run(standalone: Standalone, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Schemathesis with the document that the instance serves."""
    folder = tmp_path_factory.mktemp("schemathesis")
    with httpx.Client(base_url=standalone.base_url, timeout=WAIT_SECONDS) as web:
        document = web.get("/openapi.json").json()
        people = {"auth": [_login(name, Person.registered(web)) for name in ("ada", "bob")]}
    # As a file: where it is read from an address, the operation that gives it would not be tested.
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "people.json").write_text(json.dumps(people))
    done = _schemathesis(folder, standalone.base_url)
    print(done.stdout, done.stderr)
    operations = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    return Run(operations, done.returncode, done.stdout + done.stderr, Deeds.read(folder / "events.ndjson"))


def _schemathesis(folder: Path, base_url: str) -> "subprocess.CompletedProcess[str]":
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION),
        "run", "openapi.json", f"--url={base_url}", "--checks=all", f"--phases={','.join(sorted(PHASES))}",
        f"--max-examples={EXAMPLES}", f"--seed={SEED}", "--no-color",
        "--report=ndjson", "--report-ndjson-path=events.ndjson",
    ]  # fmt: skip
    environment = {
        **os.environ, "BASE": base_url, "PEOPLE": str(folder / "people.json"),
        "SCHEMATHESIS_HOOKS": "deploy.tests.contract.hooks", "PYTHONPATH": str(REPOSITORY),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(REPOSITORY / ".hypothesis"),  # has the tables of Unicode from other tests
    }  # fmt: skip
    return subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _login(name: str, person: Person) -> dict[str, Any]:
    """How Schemathesis logs in as this user, in the format of the Web Fuzzing Commons."""
    credentials = {
        "usernameField": "identifier",
        "username": person.nickname,
        "passwordField": "password",
        "password": person.password,
    }
    token = {
        "extractFrom": "body",
        "extractSelector": "/access_token",
        "sendIn": "header",
        "sendName": "Authorization",
        "sendTemplate": "Bearer {token}",
    }
    route = {"endpoint": f"{API}/auth/login", "verb": "POST", "contentType": "application/json"}
    return {"name": name, "loginEndpointAuth": {**route, "payloadUserPwd": credentials, "token": token}}


@pytest.mark.timeout(4 * 3600)  # bounded by the number of requests; a slow machine needs more than the usual limit
def test_responses_match_the_openapi_description(run: Run) -> None:
    """One test for all assertions about the run: with several, two workers would run Schemathesis twice."""
    assert run.code == 0, run.printed[-20_000:]
    assert f"Seed: {SEED}" in run.printed
    load_all_checks()
    assert set(CHECKS.get_all_names()) - set(run.deeds.checks) == set(), "each check has run"
    assert set(run.deeds.phases) == PHASES
    assert run.deeds.links > 0
    for_members = {each for each in run.operations if FOR_MODERATORS not in each}
    assert for_members - set(run.deeds.accepted) == BY_MESSAGE, "each other route has accepted something"
