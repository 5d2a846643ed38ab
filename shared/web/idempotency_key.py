"""The `Idempotency-Key` header, read together with the body that it belongs to."""

import hashlib
from typing import Annotated, BinaryIO

from fastapi import Depends, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from shared.errors import Malformed
from shared.idempotency import Key
from shared.security.verifier import Identity
from shared.web.authentication import CurrentUser, required_on_fast_path
from shared.web.fast_path import FastPathMiss, FastPathReader
from shared.web.request_target import request_path

MAX_KEY_LENGTH = 255
PRINTABLE = r"^[!-~\xa1-\xac\xae-\xff]([ -~\xa1-\xac\xae-\xff]*[!-~\xa1-\xac\xae-\xff])?$"
"""The pattern of the header value in Latin-1; white space around it is not part of the value."""
_NAME = "Idempotency-Key"
_Header = Annotated[
    str | None,
    Header(
        alias=_NAME,
        description="Printable text of up to 255 characters: the same key and body within 24 h get the first response",
        json_schema_extra={"minLength": 1, "maxLength": MAX_KEY_LENGTH, "pattern": PRINTABLE},
    ),
]


async def _given(request: Request, identity: CurrentUser, idempotency_key: _Header = None) -> Key | None:
    if idempotency_key is None:
        return None
    return _key(request, identity, idempotency_key, await request.body())


async def _given_on_fast_path(request: Request) -> Key | None:
    given = request.headers.getlist(_NAME)
    if not given:
        return None
    if len(given) > 1:
        raise FastPathMiss
    return _key(request, await required_on_fast_path(request), given[0], await request.body())


async def _given_with_form(request: Request, identity: CurrentUser, idempotency_key: _Header = None) -> Key | None:
    if idempotency_key is None:
        return None
    content = await run_in_threadpool(_digest, await request.form())
    return _key(request, identity, idempotency_key, content)


def _key(request: Request, identity: Identity, header: str, content: bytes) -> Key:
    name = _text(header)
    if not name or len(name) > MAX_KEY_LENGTH or not name.isprintable():
        raise Malformed("invalid_idempotency_key", "The key is printable text of 1 to 255 characters.")
    target = f"{request.method} {request_path(request)}".encode()
    asked = hashlib.sha256(target + b"\0" + content).digest()
    return Key(identity.subject, hashlib.sha256(name.encode()).digest(), asked)


def _digest(form: FormData) -> bytes:
    """The hash of fields and file contents; boundaries and file names may differ between attempts."""
    whole = hashlib.sha256()
    for name, value in sorted(form.multi_items(), key=lambda item: item[0]):
        content = _digest_of_file(value.file) if isinstance(value, UploadFile) else value.encode()
        whole.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(content).digest())
    return whole.digest()


def _digest_of_file(file: BinaryIO) -> bytes:
    content = hashlib.file_digest(file, "sha256").digest()  # type: ignore[arg-type] # a spooled file has what it needs
    file.seek(0)
    return content


def _text(header: str) -> str:
    """The framework decodes headers as Latin-1; clients send other characters as UTF-8."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeDecodeError:
        return header


IdempotencyKey = Annotated[Key | None, Depends(_given), FastPathReader(_given_on_fast_path)]
"""The key that the client sent, if any."""
FormIdempotencyKey = Annotated[Key | None, Depends(_given_with_form)]
"""The same for a form body."""
