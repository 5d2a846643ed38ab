"""Generates what the compose cluster needs before its first start: secrets in `.env`, and the broker's users.

Needs only Python. It keeps existing secrets, adds missing ones, and derives again what depends on them.
"""

import base64
import hashlib
import json
import secrets
from pathlib import Path

from shared.security.derived_keys import caller_key
from shared.service_list import NAMES, SERVICES

ROOT = Path(__file__).resolve().parent.parent
ENV = ROOT / ".env"
TOPOLOGY = ROOT / "deploy" / "rabbitmq" / "definitions.json"
MADE = ROOT / "deploy" / "rabbitmq" / "made"
PROGRAMS = (*NAMES, "gateway")
# Who calls whom over /internal: the key of each caller for that callee is derived from its secret.
CALLS = {name: [each.name for each in SERVICES if name in each.calls] for name in NAMES}
CALLS["auth"].append("gateway")
SETTINGS = (
    "MYSQL_ROOT_PASSWORD",
    *(f"{name.upper()}_DATABASE_PASSWORD" for name in NAMES),
    *(f"{name.upper()}_BROKER_PASSWORD" for name in PROGRAMS),
    *(f"{name.upper()}_SECRET" for name in PROGRAMS),
    "BROKER_ADMIN_PASSWORD",
)


def main() -> None:
    prepare(ENV, MADE)


def prepare(env: Path, made: Path) -> None:
    """Write what is missing into this env file, and the broker's definitions into this folder."""
    known = read(env)
    missing = [name for name in SETTINGS if not known.get(name)]
    if missing:
        write_settings(env, {name: new_secret() for name in missing})
        known = read(env)
    keys = {
        f"{caller.upper()}_TO_{callee.upper()}_KEY": caller_key(known[f"{caller.upper()}_SECRET"], callee)
        for callee, callers in CALLS.items()
        for caller in callers
    }
    if any(known.get(name) != key for name, key in keys.items()):
        write_settings(env, keys)
    made.mkdir(exist_ok=True)
    target = made / "definitions.json"
    hashes = _hashes(target)
    definitions = json.loads(TOPOLOGY.read_text())
    definitions["users"] = [
        *(_user(name, known[f"{name.upper()}_BROKER_PASSWORD"], hashes, []) for name in PROGRAMS),
        _user("admin", known["BROKER_ADMIN_PASSWORD"], hashes, ["administrator"]),
    ]
    definitions["permissions"].append({"user": "admin", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"})
    _write_whole(target, json.dumps(definitions, indent=1))


def new_secret() -> str:
    """256 random bits, in characters that need no escape in a URL."""
    return secrets.token_urlsafe(32)


def read(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines() if path.exists() else []
    pairs = (line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def write_settings(path: Path, values: dict[str, str]) -> None:
    """Replace these settings in an env file, or append them."""
    before = (
        path.read_text() if path.exists() else "# Secrets of this cluster, generated at its first start. Keep them.\n"
    )
    kept = [line for line in before.rstrip().splitlines() if line.partition("=")[0].strip() not in values]
    lines = [*kept, *(f"{name}={value}" for name, value in values.items())]
    _write_whole(path, "\n".join(lines) + "\n", mode=0o600)


def _write_whole(path: Path, text: str, mode: int = 0o644) -> None:
    part = path.with_name(f"{path.name}.part")
    part.touch(mode=mode)
    part.write_text(text)
    part.replace(path)


def _user(name: str, password: str, hashes: dict[str, str], tags: list[str]) -> dict[str, object]:
    """RabbitMQ's salted SHA-256: base64 of the salt and the digest of salt and password."""
    before = hashes.get(name)
    salt = base64.b64decode(before)[:4] if before else secrets.token_bytes(4)
    digest = hashlib.sha256(salt + password.encode()).digest()
    return {
        "name": name,
        "password_hash": base64.b64encode(salt + digest).decode(),
        "hashing_algorithm": "rabbit_password_hashing_sha256",
        "tags": tags,
    }


def _hashes(path: Path) -> dict[str, str]:
    """The previous hashes: the same salt leaves the file unchanged for an unchanged password."""
    users = json.loads(path.read_text())["users"] if path.exists() else []
    return {user["name"]: user["password_hash"] for user in users}


if __name__ == "__main__":
    main()
