"""Why something was refused: a kind, a stable code and a sentence. Knows no HTTP.

AppError
├── Malformed         the request cannot be understood
├── Unauthenticated   nobody, or nobody we know, is asking
├── Forbidden         known, but this is not theirs to do
├── NotFound          there is no such thing, or not for them
├── Conflict          it collides with how things are
├── TooLarge          more than we take
├── UnsupportedMedia  not of a type that we take
├── Invalid           understood, and against a rule
├── TooManyRequests           too often; try again later
└── Unavailable       cannot be done right now; try again later
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One offending place in a body or a query: a JSON pointer (RFC 6901), a code and a sentence."""

    pointer: str
    code: str
    detail: str

    @classmethod
    def at(cls, *place: object, code: str, detail: str) -> "FieldError":
        """A fault at this place, given as the unescaped names and indexes that lead to it."""
        escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in place)
        return cls("".join(f"/{part}" for part in escaped), code, detail)


class AppError(Exception):
    """Raised anywhere below the edge; the edge turns it into an answer."""

    def __init__(
        self, code: str, detail: str, *, field_errors: tuple[FieldError, ...] = (), retry_after: int | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.field_errors = field_errors
        self.retry_after = retry_after
        """Seconds after which trying again makes sense."""


class Malformed(AppError):
    """The request cannot be understood."""


class Unauthenticated(AppError):
    """Nobody, or nobody we know, is asking."""


class Forbidden(AppError):
    """Known, but this is not theirs to do."""


class NotFound(AppError):
    """There is no such thing, or not for them."""


class Conflict(AppError):
    """It collides with how things are."""


class TooLarge(AppError):
    """More than we take."""


class UnsupportedMedia(AppError):
    """Not of a type that we take."""


class Invalid(AppError):
    """Understood, and against a rule."""

    @classmethod
    def field(cls, name: str, code: str, detail: str) -> "Invalid":
        """One field of the body is against a rule; its code is the answer's code too."""
        return cls(code, detail, field_errors=(FieldError(f"/{name}", code, detail),))


class TooManyRequests(AppError):
    """Too often; try again later."""


class Unavailable(AppError):
    """Cannot be done right now; try again later."""

    def __init__(self, code: str, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(code, detail, retry_after=retry_after)
