"""Expected errors: a class, a stable code and a sentence. They know no HTTP; problem_details.py has their statuses.

AppError
├── Malformed         the request cannot be parsed
├── Unauthenticated   no valid credentials
├── Forbidden         authenticated, but not allowed
├── NotFound          it does not exist, or is not visible to this user
├── Conflict          it contradicts the current state
├── TooLarge          larger than the limit
├── UnsupportedMedia  of a media type that is not accepted
├── Invalid           parsed, but breaks a rule
├── TooManyRequests   a limit is exceeded; retry later
└── Unavailable       temporarily impossible; retry later
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of a body or one query parameter; `pointer` is a JSON pointer (RFC 6901)."""

    pointer: str
    code: str
    detail: str

    @classmethod
    def at(cls, *path: object, code: str, detail: str) -> "FieldError":
        """The error at this path of unescaped names and indexes."""
        escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
        return cls("".join(f"/{part}" for part in escaped), code, detail)


class AppError(Exception):
    """Base class. Raised anywhere below the API, which turns it into a response."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        field_errors: tuple[FieldError, ...] = (),
        retry_after: int | None = None,
        extensions: Mapping[str, str | None] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.field_errors = field_errors
        self.retry_after = retry_after
        """Seconds."""
        self.extensions = extensions or {}
        """Further members of the problem (RFC 9457, section 3.2), which the client needs to go on."""


class Malformed(AppError):
    """The request cannot be parsed."""


class Unauthenticated(AppError):
    """No valid credentials."""


class Forbidden(AppError):
    """Authenticated, but not allowed."""


class NotFound(AppError):
    """It does not exist, or is not visible to this user."""


class Conflict(AppError):
    """It contradicts the current state."""


class TooLarge(AppError):
    """Larger than the limit."""


class UnsupportedMedia(AppError):
    """Of a media type that is not accepted."""


class Invalid(AppError):
    """Parsed, but breaks a rule."""

    @classmethod
    def field(cls, name: str, code: str, detail: str) -> "Invalid":
        """One field of the body breaks a rule; its code is also the code of the response."""
        return cls(code, detail, field_errors=(FieldError(f"/{name}", code, detail),))


class TooManyRequests(AppError):
    """A limit is exceeded; retry later."""


class Unavailable(AppError):
    """Temporarily impossible; retry later."""

    def __init__(self, code: str, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(code, detail, retry_after=retry_after)
