"""The embedded mode: everything in one process on SQLite and the in-memory bus; its only fault is a kill."""

from pathlib import Path

from sqlalchemy import Engine, create_engine, event

from chaos.containers import SERVICES
from chaos.processes import Process, wait_until_ready
from chaos.system import ACCESS_TOKEN_SECONDS, CHEAP_PASSWORD_HASHES, Fault
from shared.testing.ports import free_port

READY_SECONDS = 600.0


class Embedded:
    """`python -m deploy.standalone` with its own data folder."""

    counts_age_seconds = 0.0

    def __init__(self, folder: Path) -> None:
        data = folder / "data"
        settings = {
            **CHEAP_PASSWORD_HASHES,
            "DATA_DIR": str(data),
            "ACCESS_TOKEN_SECONDS": str(ACCESS_TOKEN_SECONDS),
            "LOG_LEVEL": "info",
            "MAIL_URL": (folder / "mails").as_uri(),  # messages have names; in the log they would be differences
        }
        standalone = Process("standalone", ["-m", "deploy.standalone"], settings, folder, free_port())
        self.processes = {standalone.name: standalone}
        self.base_url = standalone.url
        self.engines: dict[str, Engine] = {name: _engine(data / f"{name}.db") for name in SERVICES}
        self.files = {name: data / "files" / name for name in ("auth", "posts", "dm")}

    def start(self) -> None:
        """Start it, and return when it is ready. Raises NotReady."""
        self.processes["standalone"].start()
        wait_until_ready(self.processes.values(), self.is_ready, READY_SECONDS)

    def stop(self) -> None:
        """Stop it; the caller removes the folder."""
        self.processes["standalone"].stop()
        for engine in self.engines.values():
            engine.dispose()

    def faults(self) -> list[Fault]:
        """None but kills: there are no other parts."""
        return []

    def is_ready(self) -> bool:
        """Whether it reports that it is ready."""
        return self.processes["standalone"].is_ready()

    def waiting_messages(self) -> dict[str, int]:
        """None: unpublished events are in the outboxes."""
        return {}

    def printed(self) -> dict[str, str]:
        """All logs, by process."""
        return {name: process.log.read_text(errors="replace") for name, process in self.processes.items()}


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 20})
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
    return engine
