"""Options for authenticators and their answers, in the JSON of WebAuthn, sections 5.1.8 to 5.1.10."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.web.request_body import StrictModel

from ..actions.passkeys import MAX_PASSKEYS
from ..relying_party import ALGORITHMS, MAX_CREDENTIAL_ID_LENGTH, NAME

MAX_CREDENTIAL_ID_TEXT = (4 * MAX_CREDENTIAL_ID_LENGTH + 2) // 3
"""Characters: base64url has four for three bytes."""
MAX_CHALLENGE_TEXT = 86
"""Characters of 64 bytes."""
BASE64URL = "^[A-Za-z0-9_-]+$"
CredentialId = Annotated[str, Field(max_length=MAX_CREDENTIAL_ID_TEXT, pattern=BASE64URL, examples=["c2Vl"])]
Challenge = Annotated[str, Field(max_length=MAX_CHALLENGE_TEXT, pattern=BASE64URL, examples=["Zk3vQm9i"])]
ClientData = Annotated[str, Field(max_length=4096, pattern=BASE64URL, examples=["eyJ0eXBlIjoi"])]
AuthenticatorData = Annotated[str, Field(max_length=4096, pattern=BASE64URL, examples=["SZYN5YgO"])]
Milliseconds = Annotated[int, Field(ge=1, le=3_600_000, examples=[300_000])]


class Answer(StrictModel):
    """What an authenticator has answered. Browsers send more, and may send more in future: it is not read."""

    model_config = ConfigDict(extra="ignore")

    def as_json(self) -> dict[str, Any]:
        """What was read of it, for the verification; with `rawId`, which is the same as `id`."""
        read = self.model_dump(by_alias=True, exclude_none=True)
        return {**read, "rawId": read.get("id")}


class AttestationResponse(Answer):
    """Of a new credential."""

    client_data_json: Annotated[ClientData, Field(alias="clientDataJSON")]
    attestation_object: Annotated[
        str, Field(alias="attestationObject", max_length=8192, pattern=BASE64URL, examples=["o2NmbXRk"])
    ]


class AssertionResponse(Answer):
    """Of a credential that exists."""

    client_data_json: Annotated[ClientData, Field(alias="clientDataJSON")]
    authenticator_data: Annotated[AuthenticatorData, Field(alias="authenticatorData")]
    signature: Annotated[str, Field(max_length=1024, pattern=BASE64URL, examples=["MEUCIQDx"])]
    user_handle: Annotated[str, Field(max_length=86, pattern=BASE64URL, examples=["MDAzN2E1"])] | None = Field(
        None, alias="userHandle"
    )


class Attestation(Answer):
    """`PublicKeyCredential.toJSON()` of a new passkey."""

    id: CredentialId
    type: Literal["public-key"]
    response: AttestationResponse


class Assertion(Answer):
    """`PublicKeyCredential.toJSON()` of a passkey that was used."""

    id: CredentialId
    type: Literal["public-key"]
    response: AssertionResponse


class RelyingParty(BaseModel):
    """For which host the passkey works."""

    id: Annotated[str, Field(max_length=253, examples=["example.com"])]
    name: Annotated[str, Field(max_length=64, examples=[NAME])]


class PasskeyUser(BaseModel):
    """The account, as an authenticator shows it."""

    id: Annotated[str, Field(max_length=86, pattern=BASE64URL, examples=["MDAzN2E1MmQ1ZjQwMDAwMQ"])]
    name: Annotated[str, Field(max_length=30, examples=["ada"])]
    display_name: Annotated[str, Field(alias="displayName", max_length=60, examples=["Ada Lovelace"])]


class PasskeyAlgorithm(BaseModel):
    """A COSE algorithm."""

    type: Literal["public-key"]
    alg: Annotated[int, Field(ge=-65536, le=-1, examples=[ALGORITHMS[1]])]


class PasskeyDescriptor(BaseModel):
    """A credential that exists."""

    type: Literal["public-key"]
    id: CredentialId


class AuthenticatorSelection(BaseModel):
    """What an authenticator has to do: store the credential, and verify its user."""

    resident_key: Annotated[Literal["required"], Field(alias="residentKey")]
    require_resident_key: Annotated[Literal[True], Field(alias="requireResidentKey")]
    user_verification: Annotated[Literal["required"], Field(alias="userVerification")]


class CreationOptions(BaseModel):
    """For `PublicKeyCredential.parseCreationOptionsFromJSON()`."""

    rp: RelyingParty
    user: PasskeyUser
    challenge: Challenge
    algorithms: Annotated[
        list[PasskeyAlgorithm], Field(alias="pubKeyCredParams", min_length=len(ALGORITHMS), max_length=len(ALGORITHMS))
    ]
    timeout: Milliseconds
    exclude_credentials: Annotated[list[PasskeyDescriptor], Field(alias="excludeCredentials", max_length=MAX_PASSKEYS)]
    authenticator_selection: Annotated[AuthenticatorSelection, Field(alias="authenticatorSelection")]
    attestation: Literal["none"]


class RequestOptions(BaseModel):
    """For `PublicKeyCredential.parseRequestOptionsFromJSON()`."""

    challenge: Challenge
    timeout: Milliseconds
    relying_party_id: Annotated[str, Field(alias="rpId", max_length=253, examples=["example.com"])]
    allow_credentials: Annotated[list[PasskeyDescriptor], Field(alias="allowCredentials", max_length=MAX_PASSKEYS)]
    user_verification: Annotated[Literal["required"], Field(alias="userVerification")]
