"""Requests in HTTP wire format, in a file that both generators read."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    token: str
    body: bytes = b""

    def raw(self) -> bytes:
        """Its bytes (RFC 9112)."""
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: 127.0.0.1", "User-Agent: bench"]
        lines.append(f"Authorization: Bearer {self.token}")
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "\r\n"]).encode() + self.body


def write(file: Path, requests: Iterable[Request]) -> None:
    """Each is preceded by a line with its length."""
    with file.open("wb") as out:
        for raw in (request.raw() for request in requests):
            out.write(b"%d\n%b" % (len(raw), raw))


def read(file: Path) -> list[bytes]:
    """The requests in a file of `write`."""
    found = []
    with file.open("rb") as given:
        while length := given.readline():
            found.append(given.read(int(length)))
    return found
