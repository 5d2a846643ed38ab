"""A software authenticator (WebAuthn), which can also answer as no honest one would."""

import hashlib
import json
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor, parse_cbor

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40
ORIGIN = "http://localhost:8080"
EDDSA, ES256, RS256 = -8, -7, -257
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def encoded(raw: bytes) -> str:
    """In base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """From base64url without padding."""
    return b64decode(text + "=" * (-len(text) % 4), altchars=b"-_")


def new_key(algorithm: int = ES256) -> PrivateKey:
    """A key for this COSE algorithm."""
    if algorithm == EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == RS256:
        return rsa.generate_private_key(65_537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def cose_key(key: PrivateKey, algorithm: int) -> bytes:
    """The public part in COSE (RFC 9053, section 7; RFC 8230)."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return encode_cbor({1: 1, 3: algorithm, -1: 6, -2: key.public_key().public_bytes_raw()})
    if isinstance(key, rsa.RSAPrivateKey):
        public = key.public_key().public_numbers()
        modulus = public.n.to_bytes((public.n.bit_length() + 7) // 8, "big")
        return encode_cbor({1: 3, 3: algorithm, -1: modulus, -2: public.e.to_bytes(3, "big")})
    point = key.public_key().public_numbers()
    size = (key.curve.key_size + 7) // 8
    curves = {"secp256r1": 1, "secp384r1": 2, "secp521r1": 3}
    x, y = point.x.to_bytes(size, "big"), point.y.to_bytes(size, "big")
    return encode_cbor({1: 2, 3: algorithm, -1: curves[key.curve.name], -2: x, -3: y})


@dataclass
class Authenticator:
    """One credential, as a phone holds it. Arguments of its methods replace what an honest one would say."""

    origin: str = ORIGIN
    algorithm: int = ES256
    counts: bool = False
    """Whether it has a counter, as security keys do; synchronized passkeys have none."""
    key: PrivateKey | None = None
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: bytes = b""
    counter: int = 0

    def __post_init__(self) -> None:
        self._key = self.key or new_key(self.algorithm)

    def create(self, options: Mapping[str, Any], **said: Any) -> dict[str, Any]:
        """The answer to options of a registration."""
        self.user_handle = decoded(options["user"]["id"])
        public_key = said.get("public_key") or cose_key(self._key, said.get("algorithm", self.algorithm))
        credential_id = said.get("credential_id", self.credential_id)
        attested = bytes(16) + len(credential_id).to_bytes(2, "big") + credential_id + public_key
        data = self._data(options["rp"]["id"], ATTESTED, said) + attested + said.get("leftover", b"")
        client_data = self._client_data("webauthn.create", options["challenge"], said)
        statement = said.get("statement", {})
        attestation = {"fmt": said.get("format", "none"), "attStmt": statement, "authData": data}
        return self._credential(
            {
                "clientDataJSON": encoded(client_data),
                "attestationObject": encoded(said.get("attestation") or encode_cbor(attestation)),
                "transports": ["internal"],
            }
        )

    def get(self, options: Mapping[str, Any], **said: Any) -> dict[str, Any]:
        """The answer to options of a login, or of a reauthentication."""
        data = said.get("data") or self._data(options["rpId"], 0, said)
        client_data = self._client_data("webauthn.get", options["challenge"], said)
        signature = said.get("signature") or self._sign(data + hashlib.sha256(client_data).digest())
        response = {
            "clientDataJSON": encoded(said.get("sent_client_data", client_data)),
            "authenticatorData": encoded(data),
            "signature": encoded(signature),
        }
        handle = said.get("user_handle", self.user_handle or None)
        return self._credential(response if handle is None else {**response, "userHandle": encoded(handle)})

    def attest(self, created: Mapping[str, Any]) -> bytes:
        """The signature of a self attestation for the same answer (section 8.2)."""
        response = created["response"]
        data: bytes = parse_cbor(decoded(response["attestationObject"]))["authData"]
        return self._sign(data + hashlib.sha256(decoded(response["clientDataJSON"])).digest())

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        identifier = encoded(self.credential_id)
        return {
            "id": identifier,
            "rawId": identifier,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }

    def _client_data(self, kind: str, challenge: str, said: Mapping[str, Any]) -> bytes:
        usual = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return said.get("client_data") or json.dumps({**usual, **said.get("claims", {})}).encode()

    def _data(self, rp_id: str, flags: int, said: Mapping[str, Any]) -> bytes:
        self.counter += self.counts
        flags |= said.get("flags", USER_PRESENT | USER_VERIFIED)
        about = hashlib.sha256(said.get("rp_id", rp_id).encode()).digest()
        counter: int = said.get("counter", self.counter)
        return about + bytes([flags]) + counter.to_bytes(4, "big")

    def _sign(self, message: bytes) -> bytes:
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(message)
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(message, padding.PKCS1v15(), SHA256())
        return self._key.sign(message, ec.ECDSA(SHA256()))
