"""The `Idempotency-Key` header, read beside the body that it belongs to."""

import hashlib
from typing import Annotated

from fastapi import Depends, Header, Request

from shared.errors import Malformed
from shared.idempotency import Key
from shared.identity import Required
from shared.web.places import path_of

LONGEST = 255
PRINTABLE = r"^[!-~\xa1-\xac\xae-\xff]([ -~\xa1-\xac\xae-\xff]*[!-~\xa1-\xac\xae-\xff])?$"
"""As far as a header can tell it: in Latin-1, and without white space around it, which is no part of a value."""


async def _given(
    request: Request,
    identity: Required,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Any printable text up to 255: the same key and body within 24 h gives the first answer",
            json_schema_extra={"minLength": 1, "maxLength": LONGEST, "pattern": PRINTABLE},
        ),
    ] = None,
) -> Key | None:
    if idempotency_key is None:
        return None
    name = _text(idempotency_key)
    if not name or len(name) > LONGEST or not name.isprintable():
        raise Malformed("invalid_idempotency_key", "The key is printable text of 1 to 255 characters.")
    target = f"{request.method} {path_of(request)}".encode()
    asked = hashlib.sha256(target + b"\0" + await request.body()).digest()
    return Key(identity.subject, hashlib.sha256(name.encode()).digest(), asked)


def _text(header: str) -> str:
    """The framework reads headers as Latin-1; a client that writes other scripts writes UTF-8."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeDecodeError:
        return header


Given = Annotated[Key | None, Depends(_given)]
"""The key that the client sent, if any."""
