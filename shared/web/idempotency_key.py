"""The `Idempotency-Key` header, read beside the body that it belongs to."""

import hashlib
from typing import Annotated

from fastapi import Depends, Header, Request

from shared.errors import Malformed
from shared.idempotency import Key
from shared.identity import Required

LONGEST = 255


async def _given(
    request: Request,
    identity: Required,
    idempotency_key: Annotated[
        str | None,
        Header(description="Any printable text up to 255: the same key and body within 24 h gives the first answer"),
    ] = None,
) -> Key | None:
    if idempotency_key is None:
        return None
    if not idempotency_key or len(idempotency_key) > LONGEST or not idempotency_key.isprintable():
        raise Malformed("invalid_idempotency_key", "The key is printable text of 1 to 255 characters.")
    target = f"{request.method} {request.url.path}".encode()
    asked = hashlib.sha256(target + b"\0" + await request.body()).digest()
    return Key(identity.subject, hashlib.sha256(idempotency_key.encode()).digest(), asked)


Given = Annotated[Key | None, Depends(_given)]
"""The key that the client sent, if any."""
