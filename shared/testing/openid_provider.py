"""An OpenID Connect provider on loopback, which checks what a client has to do, and can be told to lie."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

Json = dict[str, Any]
Key = RSAKey | ECKey | OKPKey
CLIENT_ID, CLIENT_SECRET = "shutter", "a secret of the client: %+&"


def encoded(raw: bytes) -> str:
    """In base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True)
class Grant:
    """What a code stands for."""

    client_id: str
    redirect_uri: str
    nonce: str | None
    challenge: str
    about: Json


@dataclass
class Lies:
    """What the provider does that it must not."""

    header: Json = field(default_factory=dict)
    claims: Json = field(default_factory=dict)
    """Instead of the honest ones; None leaves one out."""
    key: Key | None = None
    """Signs instead of the published one."""
    token: Callable[["OpenIdProvider", Json, Json], Any] | None = None
    """Makes the identity token of a header and claims."""
    response: Json = field(default_factory=dict)
    """Members of the token response."""
    discovery: Json = field(default_factory=dict)
    keys: list[Json] | None = None
    """Published instead of the real ones."""
    status: dict[str, int] = field(default_factory=dict)
    """Of responses, by path."""
    body: dict[str, bytes] = field(default_factory=dict)
    accepts_codes_again: bool = False


class OpenIdProvider(ThreadingHTTPServer):
    """Everybody who is sent to it is `subject`, with the claims in `about`, and agrees at once."""

    daemon_threads = True
    request_queue_size = 100

    def __init__(self, kid: str = "key-1") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.kid = kid
        self.subject = "subject-1"
        self.about: Json = {"email": "ada@example.org", "email_verified": True, "name": "Ada Lovelace"}
        self.lies = Lies()
        self.asked: list[str] = []
        """The paths of all requests."""
        self.exchanges: list[dict[str, str]] = []
        """The forms of all token requests."""
        self.stuck = Event()
        """For tests whose provider does not answer before it is set."""
        self._codes: dict[str, Grant] = {}
        self._lock = Lock()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @cached_property
    def key(self) -> RSAKey:
        """The published one."""
        return RSAKey.generate_key(2048, {"kid": self.kid, "use": "sig", "alg": "RS256"})

    def setting(self, id_: str = "test", *, redirect_uris: list[str] | None = None, **more: Any) -> Json:
        """Its entry in OIDC_PROVIDERS."""
        entry = {"id": id_, "name": id_.title(), "issuer": self.issuer, "client_id": CLIENT_ID}
        uris = {} if redirect_uris is None else {"redirect_uris": redirect_uris}
        return {**entry, "client_secret": CLIENT_SECRET, **uris, **more}

    def authorize(self, authorization_url: str, **about: Any) -> Json:
        """What the browser brings back from this URL: `code` and `state`. Checks the request.

        `about` are claims of this person, instead of the usual ones.
        """
        asked = {name: values[0] for name, values in parse_qs(urlsplit(authorization_url).query).items()}
        assert asked["response_type"] == "code" and "openid" in asked["scope"].split(), asked
        assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43, asked
        code = secrets.token_urlsafe(16)
        grant = Grant(
            asked["client_id"], asked["redirect_uri"], asked.get("nonce"), asked["code_challenge"],
            {"sub": self.subject, **self.about, **about},
        )  # fmt: skip
        with self._lock:
            self._codes[code] = grant
        return {"code": code, "state": asked["state"]}

    def redirect(self, path: str) -> str:
        """Where the browser is sent from the authorization endpoint. Its query may have claims of the person."""
        query = parse_qs(urlsplit(path).query)
        about = {name: query[name][0] for name in ("sub", "email", "name") if name in query}
        return f"{query['redirect_uri'][0]}?{urlencode(self.authorize(path, **about))}"

    def discovery(self) -> Json:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            **self.lies.discovery,
        }

    def jwks(self) -> Json:
        own = [self.key.as_dict(private=False)]
        return {"keys": own if self.lies.keys is None else self.lies.keys}

    def exchange(self, form: dict[str, str], authorization: str) -> tuple[int, Json]:
        """The token endpoint."""
        self.exchanges.append(form)
        with self._lock:
            code = form.get("code", "")
            grant = self._codes.get(code) if self.lies.accepts_codes_again else self._codes.pop(code, None)
        if not self._is_client(form, authorization):
            return 401, {"error": "invalid_client"}
        verifier = form.get("code_verifier", "")
        if grant is None or form.get("redirect_uri") != grant.redirect_uri:
            return 400, {"error": "invalid_grant"}
        if encoded(hashlib.sha256(verifier.encode()).digest()) != grant.challenge:
            return 400, {"error": "invalid_grant"}
        access_token = secrets.token_urlsafe(16)
        answer = {"access_token": access_token, "token_type": "Bearer", "expires_in": 60}
        return 200, {**answer, "id_token": self._token(grant, access_token), **self.lies.response}

    def sign(self, header: Json, claims: Json, key: Key | None = None) -> str:
        """A token with this content."""
        plain = json.dumps({name: value for name, value in claims.items() if value is not None})
        allowed = [str(header.get("alg"))]
        return jws.serialize_compact(header, plain, key or self.lies.key or self.key, algorithms=allowed)

    def _token(self, grant: Grant, access_token: str) -> Any:
        now = int(time.time())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        honest = {
            "iss": self.issuer, "aud": grant.client_id, "nonce": grant.nonce,
            "iat": now, "exp": now + 300, "at_hash": encoded(half), **grant.about,
        }  # fmt: skip
        header = {"alg": "RS256", "kid": self.kid, "typ": "JWT", **self.lies.header}
        header = {name: value for name, value in header.items() if value is not None}
        make = self.lies.token
        claims = {**honest, **self.lies.claims}
        return make(self, header, claims) if make else self.sign(header, claims)

    def _is_client(self, form: dict[str, str], authorization: str) -> bool:
        if "client_secret_basic" in self.discovery()["token_endpoint_auth_methods_supported"]:
            pair = base64.b64decode(authorization.removeprefix("Basic ")).decode().split(":")
            return [unquote_plus(each) for each in pair] == [CLIENT_ID, CLIENT_SECRET]
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)


class _Handler(BaseHTTPRequestHandler):
    server: OpenIdProvider
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.asked.append(path)
        if path == "/authorize":
            self._send(302, b"", {"location": self.server.redirect(self.path)})
            return
        known = {"/.well-known/openid-configuration": self.server.discovery, "/jwks": self.server.jwks}
        found = known.get(path)
        self._answer(path, *((404, {}) if found is None else (200, found())))

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        content = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {name: values[0] for name, values in parse_qs(content).items()}
        self._answer(self.path, *self.server.exchange(form, self.headers.get("authorization", "")))

    def _answer(self, path: str, status: int, value: Json) -> None:
        lies = self.server.lies
        body = lies.body.get(path, json.dumps(value).encode())
        self._send(lies.status.get(path, status), body, {"location": f"{self.server.issuer}/elsewhere"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-type": "application/json", "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, *_: Any) -> None:
        pass


@contextmanager
def openid_provider(kid: str = "key-1") -> Iterator[OpenIdProvider]:
    """A running one."""
    with OpenIdProvider(kid) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
