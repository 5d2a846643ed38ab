"""openapi-typescript with openapi-fetch, and @hey-api/openapi-ts: strict programs with the generated clients work."""

import json
import shutil
from pathlib import Path

import httpx
import pytest
from jsonschema import Draft7Validator

from shared.testing.node import node_modules, run, workspace
from shared.testing.waiting import WAIT_SECONDS

pytestmark = pytest.mark.node
SOURCES = Path(__file__).with_name("typescript")


def binary(name: str) -> str:
    return f"node_modules/.bin/{name}"


@pytest.fixture(scope="module")
def compiled(description: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both programs, type-checked and compiled to JavaScript."""
    folder = workspace(SOURCES, tmp_path_factory.mktemp("clients"))
    shutil.copy(description, folder / "openapi.json")
    run(folder, binary("openapi-typescript"), "openapi.json", "--output", "schema.ts")
    run(folder, binary("openapi-ts"))
    run(folder, binary("tsc"))
    return folder / "made"


@pytest.mark.parametrize("program", ["openapi_fetch.js", "hey_api.js"])
def test_generated_typescript_client_covers_the_main_user_actions(
    compiled: Path, photo: Path, base_url: str, program: str
) -> None:
    assert run(compiled, "node", program, base_url, str(photo)) == "done\n"


def test_websocket_description_is_valid_asyncapi(base_url: str) -> None:
    document = httpx.get(f"{base_url}/asyncapi.json", timeout=WAIT_SECONDS).json()
    schema = json.loads(
        (node_modules(SOURCES) / "@asyncapi/specs/schemas" / f"{document['asyncapi']}.json").read_text()
    )
    assert [error.message for error in Draft7Validator(schema).iter_errors(document)] == []
