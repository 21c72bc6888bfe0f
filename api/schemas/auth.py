"""Accounts and sessions."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator

from api.schemas.common import Answer, Body, Time
from core.principal import Role, Scope


def _email(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None


_EMAIL: dict[str, Any] = {"type": "string", "format": "email", "maxLength": 254}
Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(_email), WithJsonSchema(_EMAIL)]
Username = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", min_length=2, max_length=50)
]
Password = Annotated[str, StringConstraints(min_length=8, max_length=256)]


class Person(Body):
    username: Username
    email: Email


class RegisterIn(Person):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"username": "ada", "email": "ada@example.com", "password": "correct horse battery"}]
        }
    )

    password: Password
    invitation: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        None, description="An invitation's token; needed where registration is by invitation."
    )

    @model_validator(mode="after")
    def _password_of_its_own(self) -> Self:
        if self.password.casefold() in {self.username.casefold(), self.email.casefold()}:
            raise ValueError("The password must not be the username or the e-mail address.")
        return self


class LoginIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"username": "ada", "password": "correct horse battery"}]}
    )

    username: Annotated[str, StringConstraints(min_length=1, max_length=254)] | None = None
    email: Annotated[str, StringConstraints(min_length=1, max_length=254)] | None = None
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.username is None and self.email is None:
            raise ValueError("Give the username or the e-mail address.")
        return self


class PasswordIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"current": "correct horse battery", "new": "staple my own tea"}]}
    )

    current: Annotated[str, StringConstraints(max_length=256)] | None = Field(
        None, description="Needed by who has one."
    )
    new: Password


class TokenOut(Answer):
    access_token: str
    token_type: Literal["bearer"] = Field(default="bearer")
    expires_in: int = Field(description="Seconds.")


class RegisteredOut(TokenOut):
    user_id: UUID
    username: str
    workspace_id: UUID = Field(description="The new user's personal workspace.")


class MeOut(Answer):
    user_id: UUID
    username: str
    email: str | None
    display_name: str | None
    avatar_url: str | None
    timezone: str
    has_password: bool = Field(description="False for who came by a link and has set none yet.")
    created_at: Time
    workspace_id: UUID = Field(description="The workspace of this call.")
    role: Role = Field(description="The caller's in that workspace.")
    scopes: list[Scope] | None = Field(description="An API key's; null for a person's session.")


class SessionOut(Answer):
    id: UUID
    kind: str = Field(description="`link`: a sign-in link that waits to be used.")
    user_agent: str | None
    ip: str | None
    current: bool = Field(description="It is the one that asks.")
    created_at: Time
    last_seen_at: Time | None
    expires_at: Time
