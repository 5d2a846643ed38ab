"""Request and response bodies of moderation."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from shared.ids import Id
from shared.web import pagination
from shared.web.fields import IdText, NextCursor, Timestamp
from shared.web.request_body import VISIBLE, WITH_VISIBLE, StrictModel, Text

from ..actions.moderation_log import Action
from ..moderation_tables import MAX_NOTE_LENGTH, MAX_REASON_LENGTH
from .schemas import Role

MAX_MESSAGES = 6
"""Of a reported message: itself and those before it."""
SubjectKind = Literal["post", "comment", "user", "message"]
Category = Literal["spam", "harassment", "nudity", "violence", "illegal", "other"]
ReportState = Literal["open", "taken", "resolved"]
ReportAction = Literal["none", "remove_content", "suspend"]
Reason = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=MAX_REASON_LENGTH,
        examples=["Repeated advertising"],
        description="The person concerned reads it",
        json_schema_extra={"pattern": WITH_VISIBLE},
    ),
    VISIBLE,
]


class RoleChange(StrictModel):
    """The new role of an account."""

    role: Role


class Suspension(StrictModel):
    """Why an account is suspended."""

    reason: Reason


class UserRef(BaseModel):
    """A user as others see them; `deleted` if the account is deleted."""

    id: IdText
    nickname: Annotated[str, Field(max_length=30, examples=["ada"])] | None
    name: Annotated[str, Field(max_length=60, examples=["Ada Lovelace"])] | None
    avatar_url: Annotated[str, Field(examples=["/api/v1/avatars/5f0c2b8e.jpg"])] | None
    deleted: bool


class ModeratedAccount(BaseModel):
    """An account as moderators see it."""

    user: UserRef
    role: Role
    suspended_at: Timestamp | None
    created_at: Timestamp


class ModeratedAccounts(BaseModel):
    """A page of accounts."""

    items: Annotated[list[ModeratedAccount], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor


class Subject(BaseModel):
    """A post, a comment, a user or a message."""

    kind: SubjectKind
    id: IdText


class LogEntry(BaseModel):
    """What was done, with what, and why. Without an actor, an operator did it by a command."""

    id: IdText
    action: Annotated[
        str,
        Field(
            max_length=40,
            examples=["suspended"],
            description="More may be added",
            json_schema_extra={"x-extensible-enum": [each.value for each in Action]},
        ),
    ]
    actor: UserRef | None
    user: Annotated[UserRef, Field(description="Whom it is about")]
    subject: Subject
    role: Annotated[Role | None, Field(description="The new role")]
    category: Annotated[Category | None, Field(description="Of the report that it follows from")]
    reason: Annotated[str, Field(max_length=MAX_REASON_LENGTH, examples=["Repeated advertising"])] | None
    created_at: Timestamp


class LogEntries(BaseModel):
    """A page of the log."""

    items: Annotated[list[LogEntry], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor


class GivenSubject(StrictModel):
    """A post, a comment, a user or a message that the reporter can see."""

    kind: SubjectKind
    id: Id


class NewReport(StrictModel):
    """What is reported, and why."""

    subject: GivenSubject
    reason: Category
    note: Annotated[Text, Field(max_length=MAX_NOTE_LENGTH, examples=["It is in every thread."])] | None = None
    include_previous: Annotated[
        bool, Field(description="With a message, show the moderators also the 5 messages before it")
    ] = False


class Report(BaseModel):
    """A report as its reporter sees it."""

    id: IdText
    subject: Subject
    reason: Category
    note: Annotated[str, Field(max_length=MAX_NOTE_LENGTH, examples=["It is in every thread."])] | None
    state: ReportState
    created_at: Timestamp


class ReportedMessage(BaseModel):
    """A message as it was reported; without photos."""

    id: IdText
    sender_id: IdText
    type: Literal["text", "image", "post"]
    text: Annotated[str, Field(max_length=2_000, examples=["Buy now!"])] | None
    created_at: Timestamp


class ReportedContent(BaseModel):
    """What the reporter saw: of a message also those before it, if the reporter has agreed, oldest first."""

    text: Annotated[str, Field(max_length=2_200, examples=["Buy now!"])] | None
    post_id: Annotated[IdText | None, Field(description="Of a comment, its post")]
    messages: Annotated[list[ReportedMessage], Field(max_length=MAX_MESSAGES)]


class ModeratedReport(Report):
    """A report as moderators see it."""

    reporter: UserRef
    user: Annotated[UserRef, Field(description="Whom it is about")]
    content: ReportedContent
    moderator: Annotated[UserRef | None, Field(description="Who has taken or resolved it")]
    action: ReportAction | None
    resolved_at: Timestamp | None


class ModeratedReports(BaseModel):
    """A page of reports."""

    items: Annotated[list[ModeratedReport], Field(max_length=pagination.MAX_LIMIT)]
    next_cursor: NextCursor


class ReportChange(StrictModel):
    """The new state. `action` and `message` are for `resolved`."""

    state: ReportState
    action: Annotated[ReportAction, Field(description="`remove_content` not of users")] = "none"
    message: Annotated[Reason | None, Field(description="For the owner to read; with `none` only for the log")] = None
