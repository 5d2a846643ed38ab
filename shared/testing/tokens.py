"""Issues access tokens as auth does, for services under test, and invalid ones on demand."""

import time

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared import ids
from shared.security.access_tokens import ALGORITHM, TYPE, KeySet
from shared.security.verifier import JwksClient, TokenVerifier


class FakeTokenIssuer:
    """Issues tokens as auth does, and invalid ones on demand."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.kid = "test"

    def token(
        self, subject: int, session_id: int = 1, *, headers: dict[str, object] | None = None, **claims: object
    ) -> str:
        """A valid token, except for the given claims. A claim given as None is omitted."""
        now = int(time.time())
        usual = {
            "iss": "shutter",
            "aud": "shutter",
            "sub": ids.encode(subject),
            "sid": ids.encode(session_id),
            "jti": ids.encode(ids.new()),
            "iat": now,
            "exp": now + 600,
        }
        kept = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode(kept, self.key, ALGORITHM, headers={"typ": TYPE, "kid": self.kid, **(headers or {})})

    async def key_set(self) -> KeySet:
        """The public keys as the issuer serves them."""
        public = jwt.algorithms.OKPAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self.kid, "use": "sig", "alg": ALGORITHM}]}

    def verifier(self) -> TokenVerifier:
        """The verifier that a service under test uses."""
        return TokenVerifier(JwksClient(self.key_set), issuer="shutter", audience="shutter")

    def bearer(self, subject: int, session_id: int = 1) -> dict[str, str]:
        """The request header of a valid token."""
        return {"authorization": f"Bearer {self.token(subject, session_id)}"}
