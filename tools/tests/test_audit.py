"""The audit finds each kind of problem, reports what it could not check, and never prints a secret."""

import json
import subprocess
from pathlib import Path

import pytest

from tools.audit import leaked_secrets, static_analysis, vulnerabilities
from tools.audit.vulnerabilities import parse, report_of

# Taken apart, so that the audit does not find these words here.
CLOUD_KEY = "AKIA" + "QYLPMN5HFIQR7BBB"
PRIVATE_KEY = f"-----BEGIN {'RSA'} PRIVATE KEY-----"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    return tmp_path


def git(root: Path, *words: str) -> str:
    who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout


def commit(root: Path, file: str, text: str, words: str = "A change") -> str:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(text)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", words)
    return git(root, "rev-parse", f"HEAD:{file}").strip()


def test_removed_secret_is_found_in_the_history(repository: Path) -> None:
    version = commit(repository, "shared/cloud.py", f'import boto\nKEY = "{CLOUD_KEY}"\n')
    commit(repository, "shared/cloud.py", "import boto\n")
    (finding,) = leaked_secrets.check(repository).found
    assert finding.startswith(f"shared/cloud.py: AWS Access Key, `git show {version[:12]}` line 2, fingerprint ")
    assert CLOUD_KEY not in finding


def test_secret_on_a_branch_in_a_message_or_uncommitted_is_found(repository: Path) -> None:
    commit(repository, "a.txt", "nothing\n", f"Use {CLOUD_KEY} from now on")
    git(repository, "checkout", "--quiet", "-b", "other")
    commit(repository, "key.pem", f"{PRIVATE_KEY}\n")
    git(repository, "checkout", "--quiet", "-")
    (repository / "notes.txt").write_text(f"{CLOUD_KEY}\n")
    where = [finding.split(": ")[0] for finding in leaked_secrets.check(repository).found]
    assert sorted(where) == sorted([leaked_secrets.COMMITS, "key.pem", "notes.txt"])


def test_test_password_is_allowed_and_a_key_in_tests_is_not(repository: Path) -> None:
    secret = f'password = "{"correct"}-horse-battery"\n'
    commit(repository, "gateway/tests/test_a.py", secret)
    commit(repository, "gateway/named.py", secret.rstrip() + f"  # {'noqa'}: S105 - of nobody\n")
    assert leaked_secrets.check(repository).found == []
    commit(repository, "gateway/tests/test_b.py", f'key = "{CLOUD_KEY}"\n')
    commit(repository, "gateway/pipeline.py", secret)
    found = [finding.split(", ")[0] for finding in leaked_secrets.check(repository).found]
    assert sorted(found) == ["gateway/pipeline.py: Secret Keyword", "gateway/tests/test_b.py: AWS Access Key"]


def test_shallow_clone_is_reported(repository: Path, tmp_path: Path) -> None:
    commit(repository, "a.txt", "one\n")
    commit(repository, "a.txt", "two\n")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", repository.as_uri(), str(shallow))
    assert leaked_secrets.check(shallow).remark.endswith("only the newest part of the history")
    assert "newest" not in leaked_secrets.check(repository).remark


def test_dangerous_call_is_found_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "danger.py").write_text(
        "import hashlib, httpx, os, pickle, sys\n"
        "eval(sys.argv[1])\n"
        "os.system(sys.argv[1])\n"
        "pickle.loads(sys.argv[1])\n"
        "hashlib.md5(b'')\n"
        "httpx.get('https://example.org', verify=False, timeout=1)\n"
        f"exec(sys.argv[1])  # {'noqa'}: S102 - to see that it is counted\n"
    )
    report = static_analysis.check(tmp_path)
    places = {(line.split(":")[1], line.split(" ")[1]) for line in report.found}
    assert {("2", "S307"), ("3", "S605"), ("4", "S301"), ("5", "S324"), ("6", "S501")} <= places
    assert "7" not in {line for line, _ in places}
    assert report.remark.startswith("1 places are suppressed")


def test_vulnerable_package_is_reported_with_its_fix() -> None:
    printed = {
        "dependencies": [
            {"name": "sound", "version": "1.0", "vulns": []},
            {"name": "old", "version": "2.0", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["2.1", "3.0"]}]},
            {"name": "hopeless", "version": "3.0", "vulns": [{"id": "PYSEC-2026-2", "fix_versions": []}]},
            {"name": "private", "skip_reason": "not found"},
        ]
    }
    report = report_of(parse(json.dumps(printed).encode()))
    assert report.found == ["old 2.0: PYSEC-2026-1, fixed in 2.1, 3.0", "hopeless 3.0: PYSEC-2026-2, no fix yet"]
    assert report.remark == "3 packages were checked; not known to the database: private"


@pytest.mark.parametrize(
    "printed",
    [
        b"",
        b"Traceback (most recent call last):",
        b'{"dependencies": [{"name": "sound", "skip_reason": "not found"}]}',
    ],
)
def test_unreachable_vulnerability_database_is_reported_without_failing(
    printed: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []

    def answer(_: Path, database: str) -> list[vulnerabilities.Package]:
        asked.append(database)
        return parse(printed)

    monkeypatch.setattr(vulnerabilities, "query", answer)
    report = vulnerabilities.check(tmp_path)
    assert asked == ["pypi", "osv"]
    assert (report.found, report.remark[:25]) == ([], "no vulnerability database")
