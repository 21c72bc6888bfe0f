"""Who may do what, where: people, their sessions and keys, workspaces and who belongs to them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.principal import Role
from models.base import (
    Base,
    Encrypted,
    InWorkspace,
    Json,
    Row,
    Tenant,
    at_most,
    newest_first,
    state,
)


class User(Row, Base):
    """`email` is ciphertext; `email_index` finds it and keeps it unique. Who signs in elsewhere is `external_subject` by the
    word of `external_issuer`."""

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_username", func.lower(text("username")), unique=True),
        CheckConstraint("num_nonnulls(email, email_index) IN (0, 2)", name="email"),
        CheckConstraint("email IS NOT NULL OR external_subject IS NOT NULL", name="reachable"),
        UniqueConstraint("external_issuer", "external_subject"),
        CheckConstraint("num_nonnulls(external_issuer, external_subject) IN (0, 2)", name="external"),
    )

    username: Mapped[str] = mapped_column(String(50))
    email: Mapped[bytes | None] = mapped_column(Encrypted)
    email_index: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    hashed_password: Mapped[str | None] = mapped_column(String(255))
    external_issuer: Mapped[str | None] = mapped_column(String(255))
    external_subject: Mapped[str | None] = mapped_column(String(255))
    display_name: Mapped[str | None] = mapped_column(String(100))
    avatar_url: Mapped[str | None] = mapped_column(String(2048))
    timezone: Mapped[str] = mapped_column(String(64), server_default="UTC")


class Profile(Base):
    __tablename__ = "profiles"
    __table_args__ = (at_most("tone_of_voice", 2000),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(100))
    preferences: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    tone_of_voice: Mapped[str | None]


class SessionKind(StrEnum):
    """A `link` signs in once and becomes a `session`."""

    SESSION = "session"
    LINK = "link"


class UserSession(Row, Base):
    __tablename__ = "user_sessions"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[SessionKind] = mapped_column(state(SessionKind, "kind"), server_default=SessionKind.SESSION)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_agent: Mapped[str | None] = mapped_column(String(500))
    ip: Mapped[bytes | None] = mapped_column(Encrypted)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]


class Workspace(Row, Base):
    """`personal_user_id` names whose personal workspace it is; such a one exists once for each user."""

    __tablename__ = "workspaces"

    name: Mapped[str] = mapped_column(String(100))
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    personal_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), unique=True
    )


class WorkspaceMember(Base):
    __tablename__ = "workspace_members"
    __table_args__ = (Index(None, "user_id"),)

    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[Role] = mapped_column(state(Role, "role"))


class Invitation(Tenant, Base):
    __tablename__ = "invitations"
    __table_args__ = (Index(None, "invited_by"), Index(None, "email_index"))

    email: Mapped[bytes | None] = mapped_column(Encrypted)
    email_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    role: Mapped[Role] = mapped_column(state(Role, "role"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    invited_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ApiKey(Tenant, Base):
    """Dies with its user; a user who left the workspace has no role there, and so the key has none."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "user_id"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(20))
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(50)))
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class IdempotencyKey(InWorkspace, Base):
    """Reserved with `status` and `response` NULL inside the request's own transaction.

    `response` is encrypted: the first answer may hold a token that is shown only once.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        Index(None, "user_id"),
        Index(None, "expires_at"),
        CheckConstraint("status BETWEEN 100 AND 599", name="status"),
    )

    workspace_id: Mapped[UUID] = mapped_column(
        ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    method: Mapped[str] = mapped_column(String(10))
    path: Mapped[str] = mapped_column(String(2048))
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    content_type: Mapped[str | None] = mapped_column(String(100))
    location: Mapped[str | None] = mapped_column(String(2048))
    response: Mapped[bytes | None] = mapped_column(Encrypted)
    expires_at: Mapped[datetime]


newest_first(UserSession, "user_id")
newest_first(Invitation, "workspace_id")
newest_first(ApiKey, "workspace_id")
