"""Each lint rule finds what it forbids and nothing else."""

from pathlib import Path, PurePosixPath

import pytest

from tools import lint_rules

DOCSTRING = '"""What it is for."""\n'
# Split, so that the rules do not find these words here.
POSTPONED = f"{'TO'}DO"
OFFSET_QUERY = f"LIMIT 5 {'OFF'}SET 5"
REGISTRY = f"https://{'pypi'}.org/simple"
HOME = f"/{'home'}/somebody/shutter"

FORBIDDEN = {
    "too long": ("gateway/app.py", DOCSTRING + "x = 1\n" * 300, 301, "has 301 lines"),
    "meaningless name": ("gateway/utils.py", DOCSTRING, 1, "`utils` has no meaning"),
    "meaningless name of a folder": ("shared/helpers/ids.py", DOCSTRING, 1, "`helpers` has no meaning"),
    "noun in an argument": ("shared/ids.py", DOCSTRING + "def f(user_id): ...\n", 2, "`user_id` contains user"),
    "noun in a class": ("shared/ids.py", DOCSTRING + "class RoomKey: ...\n", 2, "`RoomKey` contains room"),
    "noun in the plural": ("shared/ids.py", DOCSTRING + "photos = []\n", 2, "`photos` contains photo"),
    "noun in an attribute": ("shared/events/bus.py", DOCSTRING + "def f(x): x.nickname = 1\n", 2, "contains nickname"),
    "old word": ("tools/audit/report.py", DOCSTRING + "class DoorReport: ...\n", 2, "uses an old word"),
    "offset": ("services/dm/queries.py", DOCSTRING + "page = select(x).limit(5).offset(5)\n", 2, "use a key"),
    "offset in text": ("services/dm/queries.py", DOCSTRING + f"page = text('{OFFSET_QUERY}')\n", 2, "use a key"),
    "create_all": ("services/dm/models.py", DOCSTRING + "metadata.create_all(engine)\n", 2, "write a migration"),
    "client without timeout": (
        "shared/web/asks.py",
        DOCSTRING + "c = httpx.AsyncClient(base_url=x)\n",
        2,
        "`timeout=`",
    ),
    "session without timeout": ("gateway/app.py", DOCSTRING + "s = aiohttp.ClientSession()\n", 2, "`timeout=`"),
    "request without timeout": ("demo.py", DOCSTRING + "httpx.post(url, json={})\n", 2, "`timeout=`"),
    "bare noqa": ("gateway/app.py", DOCSTRING + "x = 1  # noqa: E501\n", 2, "without a reason"),
    "bare noqa for two": ("gateway/app.py", DOCSTRING + "x = 1  # noqa: E501, S101\n", 2, "without a reason"),
    "bare type ignore": (
        "gateway/app.py",
        DOCSTRING + "x = 1  # type: ignore[arg-type]\n",
        2,
        "without a reason",
    ),
    "bare pragma": ("gateway/app.py", DOCSTRING + "x = 1  # pragma: no cover\n", 2, "without a reason"),
    "postponed work": ("gateway/app.py", DOCSTRING + f"x = 1  # {POSTPONED} make it 2\n", 2, "postpones work"),
    "postponed work in a document": ("README.md", f"# Shutter\n{POSTPONED}: describe\n", 2, "postpones work"),
    "registry": ("Makefile", f"lock:\n\tpip install -i {REGISTRY}\n", 2, "remove it"),
    "home folder": ("docs/tour.md", f"cd {HOME}/\n", 1, "remove it"),
}

ALLOWED = {
    "long migrations": ("services/dm/migrations/versions/0001_rooms.py", DOCSTRING + "x = 1\n" * 400),
    "domain nouns in a service": ("services/dm/queries.py", DOCSTRING + "def rooms_of(user_id): ...\n"),
    "names of libraries": (
        "shared/security/service_calls.py",
        DOCSTRING + "answer = client.post(url, follow_redirects=False)\n",
    ),
    "words that only contain a noun": (
        "shared/ids.py",
        DOCSTRING + "postponed = likely = bathroom = 1\n",
    ),
    "technical name with a reason": ("shared/web/bodies.py", DOCSTRING + "async def receive(message): ...\n"),
    "limits": ("services/dm/queries.py", DOCSTRING + "page = select(x).where(x.c.id < cursor).limit(5)\n"),
    "client with timeout": ("shared/web/asks.py", DOCSTRING + "c = httpx.AsyncClient(timeout=3)\n"),
    "client with settings": ("shared/web/asks.py", DOCSTRING + "c = httpx.AsyncClient(**settings)\n"),
    "noqa with a reason": (
        "gateway/app.py",
        DOCSTRING + "x = 1  # noqa: E501  the table reads better in one line\n",
    ),
    "ignore with a reason": ("gateway/app.py", DOCSTRING + "x = 1  # type: ignore[misc]  # untyped library\n"),
    "a rule's name in a text": ("gateway/app.py", DOCSTRING + "x = '# noqa'\n"),
    "temporary folders in an image": ("Dockerfile", "VOLUME /tmp/\nWORKDIR /app/\n"),
}


def findings(root: Path, path: str, text: str) -> list[str]:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)
    everything = lint_rules.check(root, [PurePosixPath(path)])
    return [finding for finding in everything if not finding.endswith("as every service has")]


@pytest.mark.parametrize(("path", "text", "line", "message"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_violation_is_found_with_its_line(tmp_path: Path, path: str, text: str, line: int, message: str) -> None:
    (finding,) = findings(tmp_path, path, text)
    assert finding.startswith(f"{path}:{line}: ")
    assert message in finding


@pytest.mark.parametrize(("path", "text"), ALLOWED.values(), ids=ALLOWED.keys())
def test_allowed_code_is_not_reported(tmp_path: Path, path: str, text: str) -> None:
    assert findings(tmp_path, path, text) == []


def a_service() -> set[PurePosixPath]:
    modules = {f"services/dm/{module}.py" for module in lint_rules.MODULES_OF_A_SERVICE}
    return {PurePosixPath(path) for path in modules | {f"services/dm/{name}" for name in FILES}}


FILES = [
    "README.md",
    "openapi.json",
    "pyproject.toml",
    "requirements.lock",
    "migrations/env.py",
    "tests/test_a.py",
]


def test_complete_service_is_not_reported() -> None:
    assert list(lint_rules.services_have_the_same_files(a_service())) == []


@pytest.mark.parametrize("name", ["queries.py", "README.md", "migrations/env.py"])
def test_service_without_a_required_file_is_reported(name: str) -> None:
    missing = name.partition("/")[0]
    found = list(lint_rules.services_have_the_same_files(a_service() - {PurePosixPath(f"services/dm/{name}")}))
    assert found == [f"services/dm:1: has no {missing}, as every service has"]


def test_module_may_be_a_package() -> None:
    package = a_service() - {PurePosixPath("services/dm/api.py")} | {PurePosixPath("services/dm/api/rooms.py")}
    assert list(lint_rules.services_have_the_same_files(package)) == []


def test_binary_files_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\xff\xfe")
    assert list(lint_rules.check(tmp_path, [PurePosixPath("logo.png")])) == []


def test_every_rule_can_fail(tmp_path: Path) -> None:
    unused = set(lint_rules.RULES)
    for path, text, _, _ in FORBIDDEN.values():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        source = lint_rules.read(tmp_path, PurePosixPath(path))
        assert source is not None
        unused -= {rule for rule in unused if list(rule(source))}
    assert unused == set()
