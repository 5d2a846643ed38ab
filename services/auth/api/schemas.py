"""Request and response bodies of auth."""

import re
import unicodedata
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from shared.text import INVISIBLE, has_visible_character
from shared.web import pagination
from shared.web.fields import IdText, NextCursor, Timestamp
from shared.web.request_body import StrictModel, Text

from ..actions.audit_log import AuditEvent
from ..handles import LONGEST_PHONE
from ..passwords import LONGEST, SHORTEST

AN_ID = "0037a52d5f400001"
# Control characters, line and paragraph separators, and characters that change the direction of the following text.
_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
_A_CONTROL = re.compile(f"[{_CONTROLS}]")
_OF_A_NAME = rf"^\s*[^{_CONTROLS}]*[^{_CONTROLS}{INVISIBLE}][^{_CONTROLS}]*\s*$"

MAX_PASSWORD_INPUT = 4 * LONGEST
"""Characters of a password as it is sent. Its normal form (NFC) is at most four times shorter."""
MAX_KEYS = 100
"""Published at once: one in 2 minutes is made at most, and none is kept for much longer than an hour."""


def _name(value: Any) -> Any:
    """In Unicode's form NFC (RFC 8266) and trimmed, before its length is checked."""
    if not isinstance(value, str):
        return value
    name = unicodedata.normalize("NFC", value).strip()
    if not has_visible_character(name):
        raise PydanticCustomError("blank", "Should have a visible character")
    if _A_CONTROL.search(name.replace("\x00", "")):  # NUL has a code of its own
        raise PydanticCustomError("control_character", "A name may not hold control characters")
    return name


# What is only in the JSON Schema is checked where the value is normalized, with a code of its own.
Email = Annotated[Text, Field(max_length=254, examples=["ada@example.org"], json_schema_extra={"format": "email"})]
RealName = Annotated[
    Text,
    Field(min_length=1, max_length=60, examples=["Ada Lovelace"], json_schema_extra={"pattern": _OF_A_NAME}),
    BeforeValidator(_name),
]
Nickname = Annotated[
    Text,
    Field(
        max_length=64,
        examples=["ada"],
        json_schema_extra={"minLength": 3, "maxLength": 30, "pattern": r"^[0-9._]*[A-Za-z][A-Za-z0-9._]*$"},
    ),
]
Phone = Annotated[Text, Field(max_length=32, examples=["010-1234-5678"])]
Password = Annotated[Text, Field(max_length=MAX_PASSWORD_INPUT, examples=["correct horse battery"])]
NewPassword = Annotated[
    Text,
    Field(
        examples=["correct horse battery"],
        description="None of the common ones",
        json_schema_extra={"minLength": SHORTEST, "maxLength": LONGEST},
    ),
]
DeviceText = Annotated[str, Field(max_length=100, examples=["Ada's phone"])]
IpText = Annotated[str, Field(max_length=45, examples=["203.0.113.7"])]
Bio = Annotated[Text, Field(max_length=150, examples=["First programmer."])]


def _immutable(_: Any) -> Any:
    raise PydanticCustomError("immutable_field", "The email cannot be changed")


class SignUp(StrictModel):
    """A new account."""

    email: Email
    name: RealName
    nickname: Nickname
    password: NewPassword
    phone: Phone | None = None


class LogIn(StrictModel):
    """`identifier` is the email, the nickname or the phone."""

    identifier: Annotated[Text, Field(max_length=254, examples=["ada"])]
    password: Password
    device: Annotated[Text, Field(max_length=100, examples=["Ada's phone"])] | None = None


class Refresh(StrictModel):
    """The refresh token to spend."""

    refresh_token: Annotated[Text, Field(max_length=512, examples=["Zk3v..."])]


class ChangeAccount(StrictModel):
    """The fields to change. The current password is always required; the email never changes."""

    current_password: Password
    name: RealName = Field(default_factory=str)  # `model_fields_set` has the fields of the request
    nickname: Nickname = Field(default_factory=str)
    phone: Phone | None = None
    bio: Bio = Field(default_factory=str)
    new_password: NewPassword = Field(default_factory=str)
    email: SkipJsonSchema[Annotated[Any, BeforeValidator(_immutable), Field(exclude=True)]] = None


class Deletion(StrictModel):
    """The password, once more."""

    current_password: Password


class Withdrawn(BaseModel):
    """The account is deleted; what belongs to it is removed in the background."""

    status: Annotated[str, Field(max_length=40, examples=["withdrawn"])]


class Account(BaseModel):
    """The user's own account."""

    id: IdText
    email: Email
    name: RealName
    nickname: Nickname
    phone: Annotated[str, Field(max_length=LONGEST_PHONE, examples=["+821012345678"])] | None
    bio: Bio
    avatar_url: Annotated[str, Field(examples=["/api/v1/avatars/5f0c2b8e.jpg"])] | None
    created_at: Timestamp
    updated_at: Timestamp


class Profile(BaseModel):
    """A user as everybody sees them."""

    id: IdText
    nickname: Nickname
    name: RealName
    bio: Bio
    avatar_url: Annotated[str, Field(examples=["/api/v1/avatars/5f0c2b8e.jpg"])] | None
    created_at: Timestamp


class Profiles(BaseModel):
    """A page of users."""

    items: Annotated[list[Profile], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor


class Tokens(BaseModel):
    """A pair of tokens; `expires_in` is seconds until the access token ends."""

    access_token: Annotated[str, Field(examples=["eyJhbGciOiJFZERTQSIs..."])]
    refresh_token: Annotated[str, Field(max_length=512, examples=["Zk3v..."])]
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Field(ge=1, le=3600, examples=[600])]


class Session(BaseModel):
    """One session: a login on one device."""

    id: IdText
    device: DeviceText | None
    ip: IpText
    created_at: Timestamp
    last_used_at: Timestamp
    current: bool


class Sessions(BaseModel):
    """A page of sessions."""

    items: Annotated[list[Session], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor


class Event(BaseModel):
    """An entry of the audit log: from which address, and about which session."""

    id: IdText
    type: Annotated[
        str,
        Field(
            max_length=40,
            examples=["login"],
            description="Kinds may be added",
            json_schema_extra={"x-extensible-enum": [each.value for each in AuditEvent]},
        ),
    ]
    session_id: IdText | None
    ip: IpText
    device: DeviceText | None
    created_at: Timestamp


class Events(BaseModel):
    """A page of the audit log."""

    items: Annotated[list[Event], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor


class JwkSet(BaseModel):
    """The public keys of access tokens (RFC 7517)."""

    keys: Annotated[
        list[dict[str, str]],
        Field(
            max_length=MAX_KEYS,
            examples=[[{"kty": "OKP", "crv": "Ed25519", "kid": AN_ID, "use": "sig", "alg": "EdDSA", "x": "11qY..."}]],
        ),
    ]
