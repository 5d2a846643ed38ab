"""Bodies of the routes whose links and codes are sent by mail."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from shared.web.request_body import StrictModel, Text

from ..mail_tokens import TOKEN_LENGTH
from .schemas import Email, NewPassword

LinkToken = Annotated[Text, Field(max_length=TOKEN_LENGTH, examples=["ADelLV9AAAE..."], description="From the link")]


class PasswordReset(StrictModel):
    """The address of an account whose password is forgotten."""

    email: Email


class NewPasswordByLink(StrictModel):
    """The token of the link, and the new password."""

    token: LinkToken
    new_password: NewPassword


class EmailConfirmation(StrictModel):
    """Either the token of the link or the code."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    token: LinkToken = Field(default_factory=str)
    code: Annotated[Text, Field(max_length=32, examples=["40219385"])] = Field(default_factory=str)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("token_or_code", "Either the token or the code is needed", {"field": "token"})
        return self


class MailRequested(BaseModel):
    """A message will be sent, if one has to be."""

    status: Annotated[str, Field(max_length=40, examples=["accepted"])]
