"""Accounts on the platforms, and how much of their limits is used."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    Base,
    Encrypted,
    Json,
    Tenant,
    anchor,
    never_negative,
    newest_first,
    platform_name,
    reference,
    state,
)


class AccountStatus(StrEnum):
    ACTIVE = "active"
    ERROR = "error"
    DISCONNECTED = "disconnected"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a state, not a secret


class SyncStatus(StrEnum):
    SUCCESS = "success"
    FAILED = "failed"
    PARTIAL = "partial"


class ConnectedAccount(Tenant, Base):
    """`credentials` is the encrypted JSON of what the platform wants; NULL once disconnected.

    The row outlives the connection, and with it the record of what was published.
    """

    __tablename__ = "connected_accounts"
    __table_args__ = (
        anchor(),
        UniqueConstraint(
            "workspace_id",
            "user_id",
            "platform",
            "platform_user_id",
            name="uq_connected_accounts_identity",
        ),
        Index(None, "user_id"),
        Index(None, "sync_enabled", "next_sync_at"),
        Index(None, "token_expires_at"),
        platform_name(),
        *never_negative("error_count"),
        CheckConstraint("credentials IS NOT NULL OR status = 'disconnected'", name="credentials"),
    )

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    platform: Mapped[str] = mapped_column(String(20))
    platform_user_id: Mapped[str] = mapped_column(String(255))
    username: Mapped[str] = mapped_column(String(255))
    display_name: Mapped[str | None] = mapped_column(String(255))
    avatar_url: Mapped[str | None] = mapped_column(String(2048))
    base_url: Mapped[str | None] = mapped_column(String(2048))
    credentials: Mapped[bytes | None] = mapped_column(Encrypted)
    token_expires_at: Mapped[datetime | None]
    scope: Mapped[str | None] = mapped_column(String(1000))
    simulated: Mapped[bool] = mapped_column(server_default=text("false"))
    webhook_subscribed: Mapped[bool] = mapped_column(server_default=text("false"))
    webhook_subscription_id: Mapped[str | None] = mapped_column(String(255))
    last_sync_at: Mapped[datetime | None]
    last_sync_status: Mapped[SyncStatus | None] = mapped_column(state(SyncStatus, "last_sync_status"))
    next_sync_at: Mapped[datetime | None]
    sync_enabled: Mapped[bool] = mapped_column(server_default=text("false"))
    status: Mapped[AccountStatus] = mapped_column(
        state(AccountStatus, "status"), server_default=AccountStatus.ACTIVE
    )
    error_message: Mapped[str | None] = mapped_column(String(2000))
    error_count: Mapped[int] = mapped_column(server_default=text("0"))
    metadata_: Mapped[Json] = mapped_column("metadata", server_default=text("'{}'"))


class RateLimit(Tenant, Base):
    """`used` of `quota` in the window that began at `window_started_at`; `blocked_until` is the platform's word."""

    __tablename__ = "rate_limits"
    __table_args__ = (
        reference("connected_account_id", "connected_accounts", "CASCADE"),
        UniqueConstraint("connected_account_id", "bucket"),
        *never_negative("used", "quota", "window_seconds"),
    )

    connected_account_id: Mapped[UUID]
    bucket: Mapped[str] = mapped_column(String(50))
    window_started_at: Mapped[datetime]
    window_seconds: Mapped[int]
    used: Mapped[int] = mapped_column(server_default=text("0"))
    quota: Mapped[int]
    blocked_until: Mapped[datetime | None]


newest_first(ConnectedAccount, "workspace_id", "status")
newest_first(ConnectedAccount, "workspace_id", "platform")
newest_first(RateLimit, "workspace_id")
