"""Each house rule finds what it forbids, and leaves alone what it does not mean."""

from pathlib import Path, PurePosixPath

import pytest

from tools import lint_rules

WHY = '"""Why."""\n'
# Taken apart, so that the rules do not find these words here.
LATER = f"{'TO'}DO"
COUNTED_OFF = f"LIMIT 5 {'OFF'}SET 5"
REGISTRY = f"https://{'pypi'}.org/simple"
HOME = f"/{'home'}/somebody/shutter"

FORBIDDEN = {
    "no docstring": ("gateway/upstream/proxy.py", "x = 1\n", 1, "without a docstring"),
    "too long": ("gateway/upstream/proxy.py", WHY + "x = 1\n" * 300, 301, "has 301 lines"),
    "empty name": ("gateway/utils.py", WHY, 1, "`utils` says nothing"),
    "empty name of a folder": ("shared/helpers/ids.py", WHY, 1, "`helpers` says nothing"),
    "noun in an argument": ("shared/ids.py", WHY + "def f(user_id): ...\n", 2, "`user_id` speaks of user"),
    "noun in a class": ("shared/ids.py", WHY + "class RoomKey: ...\n", 2, "`RoomKey` speaks of room"),
    "noun in the plural": ("shared/ids.py", WHY + "photos = []\n", 2, "`photos` speaks of photo"),
    "noun in an attribute": ("shared/events/bus.py", WHY + "def f(x): x.nickname = 1\n", 2, "of nickname"),
    "sleep in a test": (
        "gateway/tests/test_a.py",
        WHY + "import time\ntime.sleep(1)\n",
        3,
        "wait for a condition",
    ),
    "async sleep in a test": (
        "shared/tests/conftest.py",
        WHY + "await asyncio.sleep(1)\n",
        2,
        "wait for a condition",
    ),
    "sleep by its name": (
        "gateway/tests/test_a.py",
        WHY + "from time import sleep\nsleep(1)\n",
        3,
        "wait for",
    ),
    "sleep beside the waiting tool": (
        "shared/testing/waiting.py",
        WHY + "def doze(): time.sleep(1)\n",
        2,
        "wait for",
    ),
    "offset": ("services/dm/queries.py", WHY + "page = select(x).limit(5).offset(5)\n", 2, "page by key"),
    "offset in text": ("services/dm/queries.py", WHY + f"page = text('{COUNTED_OFF}')\n", 2, "page by key"),
    "create_all": ("services/dm/models.py", WHY + "metadata.create_all(engine)\n", 2, "write a migration"),
    "client without timeout": (
        "shared/web/asks.py",
        WHY + "c = httpx.AsyncClient(base_url=x)\n",
        2,
        "`timeout=`",
    ),
    "session without timeout": ("gateway/upstream/proxy.py", WHY + "s = aiohttp.ClientSession()\n", 2, "`timeout=`"),
    "request without timeout": ("demo.py", WHY + "httpx.post(url, json={})\n", 2, "`timeout=`"),
    "bare noqa": ("gateway/upstream/proxy.py", WHY + "x = 1  # noqa: E501\n", 2, "without its reason"),
    "bare noqa for two": ("gateway/upstream/proxy.py", WHY + "x = 1  # noqa: E501, S101\n", 2, "without its reason"),
    "bare type ignore": (
        "gateway/upstream/proxy.py",
        WHY + "x = 1  # type: ignore[arg-type]\n",
        2,
        "without its reason",
    ),
    "bare pragma": ("gateway/upstream/proxy.py", WHY + "x = 1  # pragma: no cover\n", 2, "without its reason"),
    "left for later": ("gateway/upstream/proxy.py", WHY + f"x = 1  # {LATER} make it 2\n", 2, "left for later"),
    "left for later in a page": ("README.md", f"# Shutter\n{LATER}: describe\n", 2, "left for later"),
    "registry": ("Makefile", f"lock:\n\tpip install -i {REGISTRY}\n", 2, "does not belong here"),
    "somebody's folder": ("docs/tour.md", f"cd {HOME}/\n", 1, "does not belong here"),
}

ALLOWED = {
    "long migrations": ("services/dm/migrations/versions/0001_rooms.py", WHY + "x = 1\n" * 400),
    "nouns where they are at home": ("services/dm/queries.py", WHY + "def rooms_of(user_id): ...\n"),
    "the names of libraries": (
        "shared/security/service_calls.py",
        WHY + "answer = client.post(url, follow_redirects=False)\n",
    ),
    "words that only contain a noun": (
        "shared/ids.py",
        WHY + "postponed = likely = bathroom = 1\n",
    ),
    "plumbing with a reason": ("shared/web/request_body.py", WHY + "async def receive(message): ...\n"),
    "the waiting tool": ("shared/testing/waiting.py", WHY + "def eventually(x):\n    time.sleep(0.02)\n"),
    "sleep outside tests": ("shared/events/outbox.py", WHY + "await asyncio.sleep(1)\n"),
    "limits": ("services/dm/queries.py", WHY + "page = select(x).where(x.c.id < cursor).limit(5)\n"),
    "client with timeout": ("shared/web/asks.py", WHY + "c = httpx.AsyncClient(timeout=3)\n"),
    "client with settings": ("shared/web/asks.py", WHY + "c = httpx.AsyncClient(**settings)\n"),
    "noqa with a reason": (
        "gateway/upstream/proxy.py",
        WHY + "x = 1  # noqa: E501  the table reads better in one line\n",
    ),
    "ignore with a reason": ("gateway/upstream/proxy.py", WHY + "x = 1  # type: ignore[misc]  # untyped library\n"),
    "a rule's name in a text": ("gateway/upstream/proxy.py", WHY + "x = '# noqa'\n"),
    "temporary folders in an image": ("Dockerfile", "VOLUME /tmp/\nWORKDIR /app/\n"),
}


def findings(root: Path, path: str, text: str) -> list[str]:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)
    everything = lint_rules.check(root, [PurePosixPath(path)])
    return [finding for finding in everything if not finding.endswith("as every service has")]


@pytest.mark.parametrize(("path", "text", "line", "said"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_what_is_forbidden_is_found_in_its_line(tmp_path: Path, path: str, text: str, line: int, said: str) -> None:
    (finding,) = findings(tmp_path, path, text)
    assert finding.startswith(f"{path}:{line}: ")
    assert said in finding


@pytest.mark.parametrize(("path", "text"), ALLOWED.values(), ids=ALLOWED.keys())
def test_what_is_not_meant_is_left_alone(tmp_path: Path, path: str, text: str) -> None:
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


def test_a_whole_service_is_like_every_other() -> None:
    assert list(lint_rules.rooms_alike(a_service())) == []


@pytest.mark.parametrize("name", ["queries.py", "README.md", "migrations/env.py"])
def test_a_service_that_lacks_a_file_is_named(name: str) -> None:
    missing = name.partition("/")[0]
    found = list(lint_rules.rooms_alike(a_service() - {PurePosixPath(f"services/dm/{name}")}))
    assert found == [f"services/dm:1: has no {missing}, as every service has"]


def test_a_module_may_have_grown_into_a_folder() -> None:
    grown = a_service() - {PurePosixPath("services/dm/api.py")} | {PurePosixPath("services/dm/api/rooms.py")}
    assert list(lint_rules.rooms_alike(grown)) == []


def test_pictures_are_no_text_to_read(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\xff\xfe")
    assert list(lint_rules.check(tmp_path, [PurePosixPath("logo.png")])) == []


def test_every_rule_has_something_that_it_forbids(tmp_path: Path) -> None:
    """A rule that finds nothing in all the examples above would be one that cannot fail."""
    idle = set(lint_rules.RULES)
    for path, text, _, _ in FORBIDDEN.values():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        source = lint_rules.read(tmp_path, PurePosixPath(path))
        assert source is not None
        idle -= {rule for rule in idle if list(rule(source))}
    assert idle == set()
