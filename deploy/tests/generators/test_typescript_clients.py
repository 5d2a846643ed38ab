"""openapi-typescript with openapi-fetch, and @hey-api/openapi-ts, make clients, and strict programs on them work."""

import json
import shutil
from pathlib import Path

import httpx
import pytest
from jsonschema import Draft7Validator

from shared.testing.waiting import WAIT_SECONDS

from .node import run, tools, workspace

pytestmark = [pytest.mark.node, pytest.mark.timeout(600)]


def binary(name: str) -> str:
    return f"node_modules/.bin/{name}"


@pytest.fixture(scope="module")
def compiled(description: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both programs, type-checked against what was generated and translated to JavaScript."""
    folder = workspace(tmp_path_factory.mktemp("typescript"))
    shutil.copy(description, folder / "openapi.json")
    run(folder, binary("openapi-typescript"), "openapi.json", "--output", "schema.ts")
    run(folder, binary("openapi-ts"))
    run(folder, binary("tsc"))
    return folder / "made"


@pytest.mark.parametrize("program", ["openapi_fetch.js", "hey_api.js"])
def test_a_program_on_a_generated_client_does_what_people_do(
    compiled: Path, photo: Path, base_url: str, program: str
) -> None:
    assert run(compiled, "node", program, base_url, str(photo)) == "done\n"


def test_the_description_of_the_socket_is_valid_asyncapi(base_url: str) -> None:
    document = httpx.get(f"{base_url}/asyncapi.json", timeout=WAIT_SECONDS).json()
    schema = json.loads((tools() / "@asyncapi/specs/schemas" / f"{document['asyncapi']}.json").read_text())
    assert [error.message for error in Draft7Validator(schema).iter_errors(document)] == []
