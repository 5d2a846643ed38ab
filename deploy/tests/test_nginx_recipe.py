"""The proxy configuration of docs/gateway.md in front of a running instance."""

import asyncio
import datetime
import ipaddress
import json
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.asyncio.client import connect

from deploy.tests.journeys.person import API, Person
from deploy.tests.journeys.responses import answer
from deploy.tests.standalone_process import ForkedStandalone
from shared.testing import eventually
from shared.testing.ports import free_port
from shared.testing.waiting import WAIT_SECONDS

NGINX = shutil.which("nginx", path="/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin:/opt/homebrew/bin")
ROOT = Path(__file__).parents[2]
MAIN = """
pid {folder}/pid;
error_log {folder}/error.log;
master_process off;
daemon off;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {recipe}
}}
"""


@dataclass
class Proxied:
    """The instance behind the proxy."""

    port: int
    web: httpx.Client
    authority: Path
    """The certificate to believe."""

    def trust(self, *protocols: str) -> ssl.SSLContext:
        """A TLS context that trusts the certificate, with one of these protocols."""
        context = ssl.create_default_context(cafile=self.authority)
        if protocols:
            context.set_alpn_protocols(protocols)
        return context


def certificate(folder: Path) -> Path:
    """Create a key and a certificate for 127.0.0.1. Returns the file of the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "photos.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pkcs8 = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(pkcs8)
    authority = folder / "fullchain.pem"
    authority.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return authority


def recipe(folder: Path, port: int, gateway: int) -> str:
    """The block in the document, with only its addresses changed."""
    found = re.search(r"```nginx\n(.*?)```", (ROOT / "docs" / "gateway.md").read_text(), re.DOTALL)
    assert found
    text = re.sub(r"listen \[::\]:443[^;]*;", "", found[1])
    moved = {"listen 443": f"listen 127.0.0.1:{port}", "127.0.0.1:8080": f"127.0.0.1:{gateway}"}
    moved |= {"/etc/nginx/tls": str(folder)}
    for before, after in moved.items():
        assert text.count(before) >= 1, before
        text = text.replace(before, after)
    return text


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def configuration(folder: Path, port: int, gateway: int) -> Path:
    """A complete configuration with it, and all files in this folder."""
    path = folder / "nginx.conf"
    path.write_text(MAIN.format(folder=folder, recipe=recipe(folder, port, gateway)))
    return path


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    if NGINX is None:
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    port, authority = free_port(), certificate(folder)
    settings = {"TRUSTED_PROXIES": '["127.0.0.1/32"]', "HSTS_SECONDS": "31536000"}
    with ForkedStandalone(folder / "data", settings=settings).served() as standalone:
        written = str(configuration(folder, port, standalone.port))
        nginx = subprocess.Popen([NGINX, "-p", str(folder), "-c", written], stdin=subprocess.DEVNULL)
        try:
            eventually(lambda: nginx.poll() is not None or accepts(port))
            assert nginx.poll() is None, (folder / "error.log").read_text()
            trust = ssl.create_default_context(cafile=authority)
            with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trust, timeout=WAIT_SECONDS) as web:
                yield Proxied(port, web, authority)
        finally:
            nginx.terminate()
            nginx.wait(timeout=WAIT_SECONDS)


def test_proxy_speaks_http_2(proxied: Proxied) -> None:
    with (
        socket.create_connection(("127.0.0.1", proxied.port), timeout=WAIT_SECONDS) as line,
        proxied.trust("h2", "http/1.1").wrap_socket(line, server_hostname="127.0.0.1") as spoken,
    ):
        assert spoken.selected_alpn_protocol() == "h2"


def test_proxy_compresses_text_but_not_tokens(proxied: Proxied) -> None:
    described = proxied.web.get("/openapi.json", headers={"accept-encoding": "gzip"})
    assert described.headers["content-encoding"] == "gzip" and described.json()["openapi"]
    tag = {"if-none-match": described.headers["etag"], "accept-encoding": "gzip"}
    assert proxied.web.get("/openapi.json", headers=tag).status_code == 304
    ada = Person.newcomer(proxied.web)
    for number in range(3):
        ada.posted(f"Seen through a proxy, {number}")
    assert proxied.web.get(f"{API}/users/{ada.id}/posts").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in ada.log_in().headers


def test_client_address_cannot_be_forged(proxied: Proxied) -> None:
    ada = Person.registered(proxied.web)
    given = {"identifier": ada.nickname, "password": ada.password}
    claimed = {"x-forwarded-for": "203.0.113.7", "forwarded": "for=203.0.113.7"}
    ada.access_token = answer(proxied.web.post(f"{API}/auth/login", json=given, headers=claimed))["access_token"]
    assert [each["ip"] for each in answer(ada.send("GET", "/auth/sessions"))["items"]] == ["127.0.0.1"]


def test_hsts_header_is_sent(proxied: Proxied) -> None:
    assert proxied.web.get("/healthz").headers["strict-transport-security"] == "max-age=31536000"


def test_websocket_works_through_the_proxy(proxied: Proxied) -> None:
    ada, bob = Person.newcomer(proxied.web), Person.newcomer(proxied.web)
    room = answer(ada.open_room(bob.id), 201)["id"]

    async def received() -> tuple[Any, Any]:
        address, headers = f"wss://127.0.0.1:{proxied.port}{API}/ws", {"authorization": f"Bearer {bob.access_token}"}
        handshake = connect(address, ssl=proxied.trust(), additional_headers=headers, proxy=None, open_timeout=None)
        async with asyncio.timeout(WAIT_SECONDS), handshake as connection:
            said = answer(await asyncio.to_thread(ada.say, room, "Through a proxy"), 201)
            while (event := json.loads(await connection.recv()))["event"].startswith("notification."):
                pass
            return said, event

    said, event = asyncio.run(received())
    assert event == {"event": "message.created", "data": said}


@pytest.mark.containers
def test_recipe_works_with_the_newest_nginx(tmp_path: Path) -> None:
    """The test above uses that of Debian 12 or 13, whichever is installed."""
    certificate(tmp_path)
    checked = ["nginx", "-t", "-c", str(configuration(tmp_path, 8443, 8080))]
    command = ["docker", "run", "--rm", "--pull=never", f"--volume={tmp_path}:{tmp_path}:ro", "nginx:stable", *checked]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False
    )
    assert "syntax is ok" in done.stderr, done.stderr
