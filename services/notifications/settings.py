"""Settings of the notifications service, read from the environment."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.push.vapid import VapidKey
from shared.settings import Settings as SharedSettings


class Settings(SharedSettings):
    database_url: str = "sqlite:///data/notifications.db"
    """`sqlite:///path/to/file.db` or `mysql+pymysql://user:password@host/schema`; several hosts of one group, of which
    the primary is used, are separated by commas. Contains a password.
    """
    port: Annotated[int, Field(ge=0, le=65535)] = 8105
    """The TCP port to listen on."""
    social_url: str = "http://127.0.0.1:8102"
    """Where the social service is reached."""
    posts_url: str = "http://127.0.0.1:8103"
    """Where the posts service is reached."""
    push_contact: str = ""
    """Whom push services write to when something is wrong, such as `mailto:admin@example.org` or a URL with https.

    By default `PUBLIC_URL`, if it has https. Apple's push service refuses messages without it.
    """
    push_local_ca: str = ""
    """Only for tests, not in production: a file with the certificate of a push service on this machine."""

    @model_validator(mode="after")
    def _push_is_possible(self) -> Self:
        if self.push_contact and not self.push_contact.startswith(("mailto:", "https://")):
            raise ValueError("PUSH_CONTACT has to begin with mailto: or https://")
        if self.push_local_ca and self.environment == "production":
            raise ValueError("PUSH_LOCAL_CA is only for tests")
        return self

    @property
    def vapid_key(self) -> VapidKey:
        """The key of all replicas, which have the same secret."""
        contact = self.push_contact or (self.public_url if self.public_url.startswith("https://") else "")
        return VapidKey(self.key("web push 1") + self.key("web push 2"), contact)
