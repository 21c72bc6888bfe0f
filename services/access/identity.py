"""Who somebody is: keys and tokens, registration, one's own account."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from core import sql
from core.crypto import API_KEY_PREFIX, Keyring, hash_password, hash_token
from core.db import Database
from core.errors import Conflict, FieldError, Forbidden, NotFound, Unauthenticated
from core.principal import Principal, Role, Scope
from core.settings import Registration, Settings
from core.sql import Statement
from models import User
from services import rows, standing
from services.access import invitations, workspaces


class RegistrationClosed(Forbidden):
    title = "Registration is closed"


class UsernameTaken(Conflict):
    title = "The username is taken"


class EmailTaken(Conflict):
    title = "The e-mail address is taken"


class SubjectTaken(Conflict):
    title = "The issuer's user has an account"


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody by the word of an issuer elsewhere."""

    issuer: str
    id: str
    """Unique within the issuer."""


@dataclass(frozen=True, slots=True)
class Registered:
    user_id: UUID
    username: str
    workspace_id: UUID
    """The personal one."""


@dataclass(frozen=True, slots=True)
class Me:
    user_id: UUID
    username: str
    email: str | None
    display_name: str | None
    avatar_url: str | None
    timezone: str
    has_password: bool
    """Who came by a link, or from elsewhere, has none until they set one."""
    created_at: datetime
    workspace_id: UUID
    role: Role
    scopes: list[Scope] | None


_BY_SESSION = Statement.of("SELECT * FROM authenticate_session(:hash, :workspace_id)")
_BY_KEY = Statement.of("SELECT * FROM authenticate_key(:hash, :workspace_id)")
_BY_SUBJECT = Statement.of("SELECT * FROM authenticate_external(:issuer, :subject, :workspace_id)")
_REGISTER = text("""
SELECT register_user(:user_id, :username, :email, :email_index, :hashed_password, :subject, :display_name,
    :workspace_id, :workspace_name, :slug, :issuer)
""")


async def authenticate(db: Database, token: str, workspace_id: UUID | None) -> Principal:
    """Whom a session's token or an API key stands for, in that workspace or, without one, their own.

    Raises Unauthenticated, or NotFound when the workspace is not theirs.
    """
    statement = _BY_KEY if token.startswith(API_KEY_PREFIX) else _BY_SESSION
    async with db.functions() as connection:
        found = await sql.row(
            connection, statement, {"hash": hash_token(token), "workspace_id": workspace_id}
        )
    if found is None:
        raise Unauthenticated(
            "The token or key is not valid, or is no longer.", remedy="Sign in again, or make a new key."
        )
    return _principal(found)


async def find_subject(db: Database, subject: Subject, workspace_id: UUID | None) -> Principal | None:
    """None: they have never been here. Raises NotFound when the workspace is not theirs."""
    values = {"issuer": subject.issuer, "subject": subject.id, "workspace_id": workspace_id}
    async with db.functions() as connection:
        found = await sql.row(connection, _BY_SUBJECT, values)
    return None if found is None else _principal(found)


def _principal(found: Mapping[str, Any]) -> Principal:
    if found["workspace_id"] is None:
        raise NotFound("There is no such workspace.", remedy="GET /v1/workspaces lists yours.")
    return Principal(
        user_id=found["user_id"],
        username=found["username"],
        workspace_id=found["workspace_id"],
        role=Role(found["role"]),
        scopes=None if found["scopes"] is None else frozenset(Scope(scope) for scope in found["scopes"]),
        credential_id=found["credential_id"],
    )


async def register(
    db: Database,
    keyring: Keyring,
    settings: Settings,
    *,
    username: str,
    email: str,
    password: str,
    invitation: str | None,
) -> Registered:
    """Raises RegistrationClosed, UsernameTaken, EmailTaken, or Invalid for an invitation that does not hold."""
    policy = settings.open_registration
    if policy is Registration.CLOSED:
        raise RegistrationClosed(
            "New accounts are made by the operator.", remedy="Ask for `proofroom users add`."
        )
    if policy is Registration.INVITE and invitation is None:
        raise RegistrationClosed(
            "Registration takes an invitation here.",
            remedy="Ask an owner of a workspace for an invitation and send its token as `invitation`.",
        )
    hashed = await hash_password(password)
    async with db.anonymous() as session:
        user = await add_user(
            session, keyring, settings, username=username, email=email, hashed_password=hashed
        )
        if invitation is not None:
            await invitations.take(session, user.user_id, invitation, pointer="/invitation")
        return user


async def add_user(
    session: AsyncSession,
    keyring: Keyring,
    settings: Settings,
    *,
    username: str,
    email: str | None,
    hashed_password: str | None,
    display_name: str | None = None,
    subject: Subject | None = None,
) -> Registered:
    """The user with a personal workspace; the transaction acts as the new user from here on. Either `email` or `subject`
    is needed.

    Raises UsernameTaken, EmailTaken or SubjectTaken.
    """
    user_id, workspace_id = uuid7(), uuid7()
    name = f"{username}'s workspace"
    try:
        await session.execute(
            _REGISTER,
            {
                "user_id": user_id,
                "username": username,
                "email": keyring.encrypt(email.encode(), email_context(user_id)) if email else None,
                "email_index": keyring.email_index(email) if email else None,
                "hashed_password": hashed_password,
                "display_name": display_name,
                "subject": subject.id if subject else None,
                "issuer": subject.issuer if subject else None,
                "workspace_id": workspace_id,
                "workspace_name": name,
                "slug": workspaces.new_slug(username),
            },
        )
    except IntegrityError as error:
        raise _taken(error) from None
    await standing.become(session, user_id, workspace_id)
    await workspaces.furnish(session, settings, keyring, workspace_id, user_id, username)
    return Registered(user_id, username, workspace_id)


async def me(session: AsyncSession, keyring: Keyring, principal: Principal) -> Me:
    user = await rows.find(session, User, principal.user_id, "user")
    email = keyring.decrypt(user.email, email_context(user.id)).decode() if user.email else None
    return Me(
        user_id=user.id,
        username=user.username,
        email=email,
        display_name=user.display_name,
        avatar_url=user.avatar_url,
        timezone=user.timezone,
        has_password=user.hashed_password is not None,
        created_at=user.created_at,
        workspace_id=principal.workspace_id,
        role=principal.role,
        scopes=sorted(principal.scopes) if principal.scopes is not None else None,
    )


def email_context(user_id: UUID) -> str:
    return f"users.email:{user_id}"


def _taken(error: IntegrityError) -> Exception:
    match rows.broken(error):
        case "uq_users_username":
            return UsernameTaken(
                "Somebody has this username.",
                remedy="Choose another.",
                errors=[FieldError("/username", "This is taken.")],
            )
        case "uq_users_email_index":
            return EmailTaken(
                "There is an account with this e-mail address.",
                remedy="Sign in, or ask the operator for `proofroom users reset-password`.",
                errors=[FieldError("/email", "This is taken.")],
            )
        case "uq_users_external_issuer_external_subject":
            return SubjectTaken("The issuer's user has been here before.")
        case _:
            return error
