"""Request and response bodies of Web Push, named as the Push API of browsers names them."""

import binascii
from base64 import urlsafe_b64decode
from typing import Annotated

from pydantic import BaseModel, Field

from shared.errors import FieldError, Invalid
from shared.push.addresses import MAX_URL_CHARACTERS, is_public_url
from shared.push.encryption import BrowserKeys
from shared.web.fields import IdText
from shared.web.request_body import StrictModel, Text

from ..actions.push_subscriptions import Subscription

_POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"  # of RFC 8291


class PushKey(BaseModel):
    """The public key of this application (RFC 8292)."""

    key: Annotated[
        str, Field(max_length=87, examples=[_POINT], description="A point of P-256, uncompressed, base64url")
    ]


class PushKeys(StrictModel):
    """What the browser has made for the encryption (RFC 8291), in base64url."""

    p256dh: Annotated[Text, Field(max_length=100, examples=[_POINT], description="A point of P-256, uncompressed")]
    auth: Annotated[Text, Field(max_length=30, examples=["BTBZMqHH6r4Tts7J_aSIgg"], description="16 bytes")]


class NewPushSubscription(StrictModel):
    """Where a push service takes messages for a browser."""

    endpoint: Annotated[
        Text,
        Field(
            max_length=MAX_URL_CHARACTERS,
            examples=["https://push.example.com/wpush/v2/gAAAAABk"],
            description="An https URL of a public host, port 443",
        ),
    ]
    expirationTime: Annotated[  # noqa: N815 - as browsers name it
        float | None, Field(ge=0, le=2**53, description="Ignored", examples=[None])
    ] = None
    keys: PushKeys

    def subscription(self, *, allow_local: bool) -> Subscription:
        """The same, checked. Raises Invalid."""
        keys = BrowserKeys(_decoded(self.keys.p256dh), _decoded(self.keys.auth))
        problems = []
        if not is_public_url(self.endpoint, allow_local=allow_local):
            problems.append(_field_error("endpoint", detail="No https URL of a public host."))
        for name, is_valid in (("p256dh", keys.has_valid_point), ("auth", keys.has_valid_secret)):
            if not is_valid:
                problems.append(_field_error("keys", name, detail="Not the key of a push subscription."))
        if problems:
            detail = "This is no push subscription that can be used."
            raise Invalid("invalid_subscription", detail, field_errors=tuple(problems))
        return Subscription(self.endpoint, keys)


class PushSubscription(BaseModel):
    """A browser that gets notifications."""

    id: IdText


def _field_error(*path: str, detail: str) -> FieldError:
    return FieldError.at(*path, code="invalid_subscription", detail=detail)


def _decoded(text: str) -> bytes:
    """Empty if it is not base64url."""
    try:
        return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except (binascii.Error, ValueError):
        return b""
