"""Request and response bodies of the routes for passkeys."""

from typing import Annotated

from pydantic import BaseModel, Field

from shared.web import pagination
from shared.web.fields import IdText, NextCursor, Timestamp
from shared.web.request_body import StrictModel, Text

from . import webauthn_schemas
from .schemas import PasskeyName, Reauthentication


class PasskeyBeginning(Reauthentication):
    """The current password, or a passkey."""


class PasskeyRemoval(Reauthentication):
    """The current password, or a passkey, which may be the one to remove."""


class NewPasskey(StrictModel):
    """A new passkey, and what its owner calls it."""

    name: PasskeyName
    passkey: webauthn_schemas.Attestation


class PasskeyLogIn(StrictModel):
    """A passkey instead of identifier, password and code."""

    passkey: webauthn_schemas.Assertion
    device: Annotated[Text, Field(max_length=100, examples=["Ada's phone"])] | None = None


class Passkey(BaseModel):
    """A passkey of the user's own account."""

    id: IdText
    name: PasskeyName
    created_at: Timestamp
    last_used_at: Annotated[Timestamp, Field(description="null: not used yet")] | None


class Passkeys(BaseModel):
    """A page of passkeys."""

    items: Annotated[list[Passkey], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor
