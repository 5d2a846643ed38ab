"""Request and response bodies of auth."""

import re
import unicodedata
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from shared.text import INVISIBLE, has_visible_character
from shared.web import pagination
from shared.web.fields import IdText, NextCursor, Timestamp
from shared.web.request_body import StrictModel, Text

from ..actions.audit_log import AuditEvent
from ..handles import MAX_PHONE_LENGTH
from ..passwords import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH
from ..second_factor_codes import MAX_CODE_LENGTH, RECOVERY_CODES
from . import webauthn_schemas

AN_ID = "0037a52d5f400001"
# Control characters, line and paragraph separators, and characters that change the direction of the following text.
_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
_A_CONTROL = re.compile(f"[{_CONTROLS}]")
_OF_A_NAME = rf"^\s*[^{_CONTROLS}]*[^{_CONTROLS}{INVISIBLE}][^{_CONTROLS}]*\s*$"

MAX_PASSWORD_INPUT = 4 * MAX_PASSWORD_LENGTH
"""Characters of a password as it is sent. Its normal form (NFC) is at most four times shorter."""


def _name(value: Any) -> Any:
    """Normalised to NFC (RFC 8266) and trimmed, before its length is checked."""
    if not isinstance(value, str):
        return value
    name = unicodedata.normalize("NFC", value).strip()
    if not has_visible_character(name):
        raise PydanticCustomError("blank", "Should have a visible character")
    if _A_CONTROL.search(name.replace("\x00", "")):  # NUL has its own code
        raise PydanticCustomError("control_character", "A name may not contain control characters")
    return name


# Constraints that are only in the JSON Schema are checked where the value is normalized, with their own codes.
Email = Annotated[Text, Field(max_length=254, examples=["ada@example.org"], json_schema_extra={"format": "email"})]
RealName = Annotated[
    Text,
    Field(min_length=1, max_length=60, examples=["Ada Lovelace"], json_schema_extra={"pattern": _OF_A_NAME}),
    BeforeValidator(_name),
]
PasskeyName = Annotated[
    Text,
    Field(min_length=1, max_length=60, examples=["Ada's phone"], json_schema_extra={"pattern": _OF_A_NAME}),
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
        description="Not one of the most common passwords",
        json_schema_extra={"minLength": MIN_PASSWORD_LENGTH, "maxLength": MAX_PASSWORD_LENGTH},
    ),
]
Otp = Annotated[
    Text,
    Field(
        max_length=MAX_CODE_LENGTH,
        examples=["492039"],
        description="The code of the authenticator app, or a recovery code",
    ),
]
DeviceText = Annotated[str, Field(max_length=100, examples=["Ada's phone"])]
IpText = Annotated[str, Field(max_length=45, examples=["203.0.113.7"])]
Bio = Annotated[Text, Field(max_length=150, examples=["First programmer."])]


def _immutable(_: Any) -> Any:
    raise PydanticCustomError("immutable_field", "The email cannot be changed")


Language = Literal["ko", "en"]
Invitation = Annotated[Text, Field(max_length=64, examples=["k7m2qx9d4pbt5hwn"])]
Role = Literal["member", "moderator", "admin"]


class SignUp(StrictModel):
    """A new account."""

    email: Email
    name: RealName
    nickname: Nickname
    password: NewPassword
    phone: Phone | None = None
    language: Annotated[
        Language | None, Field(description="Of messages to the owner; by default that of `Accept-Language`")
    ] = None
    invitation: Invitation | None = None


class LogIn(StrictModel):
    """`identifier` is the email, the nickname or the phone."""

    identifier: Annotated[Text, Field(max_length=254, examples=["ada"])]
    password: Password
    device: Annotated[Text, Field(max_length=100, examples=["Ada's phone"])] | None = None
    otp: Otp | None = None
    passkey: Annotated[webauthn_schemas.Assertion, Field(description="Instead of `otp`")] | None = None


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
    language: Language = Field(default_factory=lambda: "en")
    new_password: NewPassword = Field(default_factory=str)
    email: SkipJsonSchema[Annotated[Any, BeforeValidator(_immutable), Field(exclude=True)]] = None


class Reauthentication(StrictModel):
    """The current password, or a passkey that has answered options of `POST /auth/passkeys/reauthentication`."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    current_password: Password | SkipJsonSchema[None] = None
    passkey: webauthn_schemas.Assertion | SkipJsonSchema[None] = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        given = self.model_fields_set & {"current_password", "passkey"}
        if (self.current_password is None) == (self.passkey is None) or len(given) > 1:
            detail = "Either current_password or passkey is needed"
            raise PydanticCustomError("proof_required", detail, {"field": "current_password"})
        return self


class Deletion(Reauthentication):
    """The current password, or a passkey."""


class SecondFactorRemoval(Reauthentication):
    """The current password, or a passkey."""


class SecondFactorBeginning(Reauthentication):
    """The current password, or a passkey."""


class TotpSecret(BaseModel):
    """What an authenticator app needs. It has no effect until a code confirms it."""

    secret: Annotated[str, Field(max_length=64, examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"], description="Base32")]
    uri: Annotated[
        str,
        Field(
            max_length=255,
            examples=["otpauth://totp/Shutter:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Shutter"],
            description="The same as a URI, for a QR code",
        ),
    ]


class TotpCode(StrictModel):
    """The current code of the authenticator app."""

    code: Annotated[Text, Field(max_length=MAX_CODE_LENGTH, examples=["492039"])]


class RecoveryCodes(BaseModel):
    """Each replaces one code of the authenticator app. They are shown only now."""

    recovery_codes: Annotated[
        list[Annotated[str, Field(max_length=MAX_CODE_LENGTH)]],
        Field(min_length=RECOVERY_CODES, max_length=RECOVERY_CODES, examples=[["k7m2q-x9d4p"] * RECOVERY_CODES]),
    ]


class Export(BaseModel):
    """An export of one's own data. It has a URL when it is ready, until it expires."""

    state: Literal["collecting", "ready"]
    url: Annotated[str, Field(max_length=200, examples=["/api/v1/exports/5f0c2b8e.zip?expires=1&signature=a"])] | None
    expires_at: Timestamp | None


class Withdrawn(BaseModel):
    """The account is deleted; its data is removed in the background."""

    status: Annotated[str, Field(max_length=40, examples=["withdrawn"])]


class Account(BaseModel):
    """The user's own account."""

    id: IdText
    email: Email
    name: RealName
    nickname: Nickname
    phone: Annotated[str, Field(max_length=MAX_PHONE_LENGTH, examples=["+821012345678"])] | None
    bio: Bio
    avatar_url: Annotated[str, Field(examples=["/api/v1/avatars/5f0c2b8e.jpg"])] | None
    email_verified: Annotated[bool, Field(description="Whether its owner has confirmed the address")]
    language: Annotated[Language, Field(description="Of messages to the owner")]
    second_factor: Annotated[bool, Field(description="Whether a login needs a code besides the password")]
    role: Role
    has_password: Annotated[bool, Field(description="False after a sign-up with a provider, until one is set by mail")]
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
            description="More types may be added",
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
