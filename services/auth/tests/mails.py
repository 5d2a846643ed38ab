"""Services that send messages to a mail server of the test, and what arrives there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

from services.auth.app import create_app
from services.auth.settings import Settings
from shared.events.bus import Bus
from shared.testing import LiveService, eventually, running_service
from shared.testing.smtp_server import MailServer

BASE = "https://shutter.example/photos"


@contextmanager
def mailing_service(settings: Settings, bus: Bus, server: MailServer) -> Iterator[LiveService]:
    """A service with this mail server."""
    own = {"mail_url": server.url, "mail_from": "Shutter <no-reply@shutter.example>", "public_url": f"{BASE}/"}
    with running_service(create_app(Settings(**(settings.model_dump() | own)), bus)) as service:
        eventually(lambda: service.client.get("/.well-known/jwks.json").status_code == 200)
        yield service


@dataclass
class Inbox:
    """The messages to one address."""

    server: MailServer
    address: str

    def message(self, number: int = 1) -> EmailMessage:
        """The message of this number, once it has arrived."""
        eventually(lambda: len(self.server.sent_to(self.address)) >= number)
        return self.server.sent_to(self.address)[number - 1]

    def text(self, message: int = 1) -> str:
        """The plain text of this message; its HTML has the same link or code."""
        plain, html = (str(part.get_content()) for part in self.message(message).iter_parts())
        assert set(re.findall(r"https://\S+", plain)) == set(re.findall(r'href="([^"]+)"', html))
        return plain

    def link(self, path: str, message: int = 1) -> str:
        """What follows this path in the link of this message."""
        (url,) = re.findall(rf"{re.escape(BASE + path)}(\S+)", self.text(message))
        return str(url)

    def code(self, message: int = 1) -> str:
        """The code of this message."""
        (code,) = re.findall(r"^\d{8}\b", self.text(message), re.MULTILINE)
        return str(code)
