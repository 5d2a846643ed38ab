"""A push service (RFC 8030) that tests start: it checks the signature of each request, and decrypts what it gets with
the keys of a browser. Its cryptography is written from the RFCs, and shares no code with what is tested.
"""

import hashlib
import hmac
import json
import os
import ssl
import struct
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.testing.smtp_server import self_signed_certificate

HOST = "127.0.0.1"
MAX_BODY_BYTES = 4_096


@dataclass(frozen=True)
class Received:
    """A request that the service has got."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    claims: Mapping[str, Any]
    """Of the token, whose signature is that of the key `k`."""
    key: str


@dataclass
class Browser:
    """The keys of a subscription, as a browser makes them."""

    path: str
    private_key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def point(self) -> bytes:
        """The public key."""
        return self.private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def subscription(self, base_url: str) -> dict[str, Any]:
        """As `PushSubscription.toJSON()` gives it."""
        keys = {"p256dh": _encoded(self.point), "auth": _encoded(self.auth)}
        return {"endpoint": base_url + self.path, "expirationTime": None, "keys": keys}

    def decrypt(self, body: bytes) -> Any:
        """The JSON of a message (RFC 8291, section 3; RFC 8188, section 2)."""
        salt, (record_size, key_length) = body[:16], struct.unpack("!LB", body[16:21])
        sender, sealed = body[21 : 21 + key_length], body[21 + key_length :]
        assert key_length == 65 and len(sealed) <= record_size
        their_key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        agreed = self.private_key.exchange(ec.ECDH(), their_key)
        secret = _hmac(_hmac(self.auth, agreed), b"WebPush: info\0" + self.point + sender + b"\1")
        pseudorandom = _hmac(salt, secret)
        content_key = _hmac(pseudorandom, b"Content-Encoding: aes128gcm\0\1")[:16]
        nonce = _hmac(pseudorandom, b"Content-Encoding: nonce\0\1")[:12]
        padded = AESGCM(content_key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert padded[-1:] == b"\2", "the last record"
        return json.loads(padded[:-1])


class PushService(ThreadingHTTPServer):
    """A running service. Tests change its attributes while it runs."""

    daemon_threads = True

    def __init__(self, certificate: Path) -> None:
        super().__init__((HOST, 0), _Handler)
        self.certificate = certificate
        self.received: list[Received] = []
        self.answers: dict[str, tuple[int, dict[str, str]]] = {}
        """The status and headers by path; everything else is 201."""
        self.hanging: set[str] = set()
        """Paths that get no answer before `released` is set."""
        self.released = Event()
        self.connections = 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._context = context

    @property
    def url(self) -> str:
        """Without a path."""
        return f"https://{HOST}:{self.server_port}"

    def received_at(self, path: str) -> list[Received]:
        """The requests to this path."""
        return [each for each in tuple(self.received) if each.path == path]

    def decrypted_for(self, browser: Browser) -> list[Any]:
        """What this browser would show."""
        return [browser.decrypt(each.body) for each in self.received_at(browser.path)]

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        try:
            with self._context.wrap_socket(request, server_side=True) as encrypted:
                super().finish_request(encrypted, client_address)
        except OSError:  # the client does not trust the certificate, or has gone
            pass

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class _Handler(BaseHTTPRequestHandler):
    server: PushService

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            claims, key = verified(self.headers["authorization"], self.server.url)
        except (ValueError, KeyError, InvalidSignature):
            self._send(403, {})
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append(Received(self.path, headers, body, claims, key))
        if self.path in self.server.hanging:
            self.server.released.wait()
        if len(body) > MAX_BODY_BYTES:
            self._send(413, {})
            return
        self._send(*self.server.answers.get(self.path, (201, {})))

    def _send(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_request(self, *_: Any) -> None:
        pass


def verified(authorization: str, audience: str) -> tuple[Mapping[str, Any], str]:
    """The claims and the key of a header (RFC 8292, sections 2 and 3). Raises ValueError, InvalidSignature."""
    scheme, _, rest = authorization.partition(" ")
    fields = dict(each.strip().split("=", 1) for each in rest.split(","))
    signed, _, signature = fields["t"].rpartition(".")
    header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
    if scheme != "vapid" or header["alg"] != "ES256" or claims["aud"] != audience:
        raise ValueError("not for this service")
    if not time.time() < claims["exp"] <= time.time() + 86_400:
        raise ValueError("not valid now, or for longer than a day")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decoded(fields["k"]))
    raw = _decoded(signature)
    both = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key.verify(both, signed.encode(), ec.ECDSA(hashes.SHA256()))
    return claims, fields["k"]


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@contextmanager
def running_push_service(folder: Path) -> Iterator[PushService]:
    """A service on a free port, with a certificate in this folder that only those trust who name it."""
    with PushService(self_signed_certificate(folder / "push-service.pem")) as service:
        Thread(target=service.serve_forever, daemon=True).start()
        yield service
        service.released.set()
        service.shutdown()
