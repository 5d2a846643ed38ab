"""Writes `overlays/local/made`: the secrets of a local cluster, and the configuration files of its dependencies.

The secrets are those of the compose cluster, in `.env`: they are generated where there are none. Needs only Python.
"""

import json
import shutil
from pathlib import Path

from deploy import cluster
from shared.service_list import NAMES

MADE = Path(__file__).parent / "overlays" / "local" / "made"
COPIED = (
    cluster.ROOT / "deploy" / "mysql" / "shutter.cnf",
    cluster.ROOT / "deploy" / "mysql" / "provision.sh",
    cluster.ROOT / "deploy" / "rabbitmq" / "rabbitmq.conf",
    cluster.MADE / "definitions.json",
)

VALKEY_CONF = """\
save ""
appendonly no
maxmemory 128mb
maxmemory-policy allkeys-lru
"""


def main() -> None:
    cluster.main()
    known = cluster.read(cluster.ENV)
    if not known.get("VALKEY_PASSWORD"):
        cluster.write_settings(cluster.ENV, {"VALKEY_PASSWORD": cluster.new_secret()})
        known = cluster.read(cluster.ENV)
    shutil.rmtree(MADE, ignore_errors=True)
    MADE.mkdir(mode=0o700)
    for path in COPIED:
        shutil.copy(path, MADE)
    for name, settings in _settings(known).items():
        _write(f"{name}.env", "".join(f"{key}={value}\n" for key, value in settings.items()))
    _write("valkey.conf", f"requirepass {known['VALKEY_PASSWORD']}\n{VALKEY_CONF}")


def _settings(known: dict[str, str]) -> dict[str, dict[str, str]]:
    """The contents of each Secret."""
    root = {"MYSQL_ROOT_PASSWORD": known["MYSQL_ROOT_PASSWORD"]}
    passwords = {f"{name.upper()}_DATABASE_PASSWORD": known[f"{name.upper()}_DATABASE_PASSWORD"] for name in NAMES}
    return {
        **{name: {**_common(name, known), **_of_service(name, known)} for name in NAMES},
        "gateway": {
            **_common("gateway", known),
            "RATE_LIMIT_URL": f"valkey://:{known['VALKEY_PASSWORD']}@valkey:6379/0",
        },
        "mysql": root | passwords,
    }


def _common(name: str, known: dict[str, str]) -> dict[str, str]:
    return {
        "SECRET": known[f"{name.upper()}_SECRET"],
        "BROKER_URL": f"amqp://{name}:{known[f'{name.upper()}_BROKER_PASSWORD']}@rabbitmq/",
    }


def _of_service(name: str, known: dict[str, str]) -> dict[str, str]:
    password = known[f"{name.upper()}_DATABASE_PASSWORD"]
    callers = {caller: known[f"{caller.upper()}_TO_{name.upper()}_KEY"] for caller in cluster.CALLS[name]}
    return {
        "DATABASE_URL": f"mysql+pymysql://{name}:{password}@mysql/{name}?ssl_disabled=true",
        "CALLERS": json.dumps(callers),
        **({"MAIL_URL": "log:"} if name == "auth" else {}),
    }


def _write(name: str, content: str) -> None:
    path = MADE / name
    path.touch(mode=0o600)
    path.write_text(content)


if __name__ == "__main__":
    main()
