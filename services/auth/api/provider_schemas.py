"""Request and response bodies of the routes for signing in with a provider, and for linked identities."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from shared.web import pagination
from shared.web.fields import NextCursor, Timestamp
from shared.web.request_body import StrictModel, Text

from ..sign_in_tokens import MAX_CONTINUATION_LENGTH, MAX_STATE_LENGTH
from .schemas import Account, Email, Invitation, Language, Nickname, Otp, Phone, RealName, Reauthentication, Tokens

MAX_CODE_LENGTH = 2_048
ContinuationText = Annotated[
    Text,
    Field(max_length=MAX_CONTINUATION_LENGTH, examples=["eyJwcm92aWRlciI6..."], description="Valid for 15 minutes"),
]
ProviderId = Annotated[str, Field(max_length=32, examples=["google"])]
DeviceName = Annotated[Text, Field(max_length=100, examples=["Ada's phone"])]


class Provider(BaseModel):
    """A provider that people can sign in with."""

    id: ProviderId
    name: Annotated[str, Field(max_length=40, examples=["Google"])]


class Providers(BaseModel):
    """A page of providers, in the order of the configuration."""

    items: Annotated[list[Provider], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor


class SignInStart(StrictModel):
    """Where the provider sends the browser back to: one of the URIs that the operator has configured."""

    redirect_uri: Annotated[Text, Field(max_length=300, examples=["https://example.org/login/google"])]


class SignInStarted(BaseModel):
    """Where the browser goes, and the state that it comes back with. Compare both states before you finish."""

    authorization_url: Annotated[
        str, Field(max_length=4_096, examples=["https://accounts.example.org/authorize?client_id=shutter&..."])
    ]
    state: Annotated[
        str, Field(max_length=MAX_STATE_LENGTH, examples=["Zk3v..."], description="Valid for 10 minutes, once")
    ]


class SignInFinish(StrictModel):
    """`code` and `state` of the redirect; or after 401 `second_factor_required`, `continuation` and `otp`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"code": "SplxlOBeZQQYbYS6WxSbIA", "state": "Zk3v..."}],
            "oneOf": [
                {
                    "required": ["code", "state"],
                    "not": {"anyOf": [{"required": ["continuation"]}, {"required": ["otp"]}]},
                },
                {
                    "required": ["continuation", "otp"],
                    "not": {"anyOf": [{"required": ["code"]}, {"required": ["state"]}]},
                },
            ],
        }
    )

    # `model_fields_set` has the fields of the request
    code: Annotated[Text, Field(min_length=1, max_length=MAX_CODE_LENGTH, examples=["SplxlOBeZQQYbYS6WxSbIA"])] = Field(
        default_factory=str
    )
    state: Annotated[Text, Field(min_length=1, max_length=MAX_STATE_LENGTH, examples=["Zk3v..."])] = Field(
        default_factory=str
    )
    continuation: ContinuationText = Field(default_factory=str)
    otp: Otp = Field(default_factory=str)
    device: DeviceName | None = None

    @model_validator(mode="after")
    def _one_pair(self) -> Self:
        given = self.model_fields_set - {"device"}
        if given not in ({"code", "state"}, {"continuation", "otp"}):
            missing = "state" if "code" in given else "code"
            detail = "Either code and state, or continuation and otp are needed"
            raise PydanticCustomError("sign_in_incomplete", detail, {"field": missing})
        return self


class SignUpWithProvider(StrictModel):
    """A new account for whoever has signed in at the provider."""

    continuation: ContinuationText
    nickname: Nickname
    name: RealName
    email: (
        Annotated[Email, Field(description="Instead of the one that the provider has confirmed; needed without one")]
        | None
    ) = None
    phone: Phone | None = None
    language: Annotated[
        Language | None, Field(description="Of messages to the owner; by default that of `Accept-Language`")
    ] = None
    device: DeviceName | None = None
    invitation: Invitation | None = None


class SignedUp(Account, Tokens):
    """The new account, and the tokens of its first session."""


class Identity(BaseModel):
    """An account at a provider that lets its owner in here."""

    provider: ProviderId
    subject: Annotated[str, Field(max_length=255, examples=["110169484474386276334"])]
    email: Annotated[
        str | None, Field(max_length=254, examples=["ada@example.org"], description="Confirmed by the provider, then")
    ]
    created_at: Timestamp
    last_used_at: Annotated[Timestamp, Field(description="null: not used yet")] | None


class Identities(BaseModel):
    """A page of identities."""

    items: Annotated[list[Identity], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor


class IdentityLink(Reauthentication):
    """The continuation of a sign-in at the provider, and the current password or a passkey."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 2, "maxProperties": 2})

    continuation: ContinuationText
