"""Feeds that are followed, and their entries, each of which starts a workflow once."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json, Tenant, anchor, never_negative, newest_first, reference, sparse, state


class FeedStatus(StrEnum):
    """`paused` by a person, or by itself: then `error` says why."""

    ACTIVE = "active"
    PAUSED = "paused"


class Feed(Tenant, Base):
    """`user_id` is in whose name its workflows start. `rule` is services.syndication.feed_rules.Rule."""

    __tablename__ = "feeds"
    __table_args__ = (
        anchor(),
        sparse("user_id"),
        Index("ix_feeds_due", "next_fetch_at", postgresql_where=text("status = 'active'")),
        *never_negative("error_count", "interval_seconds", "epoch"),
    )

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    url: Mapped[str] = mapped_column(String(2048))
    title: Mapped[str | None] = mapped_column(String(500))
    site_url: Mapped[str | None] = mapped_column(String(2048))
    rule: Mapped[Json]
    status: Mapped[FeedStatus] = mapped_column(state(FeedStatus, "status"), server_default=FeedStatus.ACTIVE)
    error: Mapped[str | None]
    error_count: Mapped[int] = mapped_column(server_default=text("0"))
    """In a row."""
    etag: Mapped[str | None] = mapped_column(String(1000))
    last_modified: Mapped[str | None] = mapped_column(String(100))
    interval_seconds: Mapped[int] = mapped_column(server_default=text("3600"))
    next_fetch_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    """While it is being fetched, when somebody else may try."""
    fetched_at: Mapped[datetime | None]
    """The last time with success."""
    epoch: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """Of the claim: whoever holds an older one writes nothing."""


class FeedEntryStatus(StrEnum):
    """`seen`: it was there before, or nothing is started by itself; `filtered` by the rule's words; `skipped`: `note` says
    why. All but `started` can be started by a person."""

    SEEN = "seen"
    STARTED = "started"
    SKIPPED = "skipped"
    FILTERED = "filtered"


class FeedEntry(Tenant, Base):
    __tablename__ = "feed_entries"
    __table_args__ = (
        reference("feed_id", "feeds", "CASCADE"),
        reference("workflow_id", "workflows", "SET NULL"),
        UniqueConstraint("feed_id", "guid_hash"),
        Index(None, "workspace_id"),
        Index(None, "feed_id", "link_hash"),
        Index(None, "feed_id", "seen_at"),
        Index(None, "feed_id", "started_at", postgresql_where=text("started_at IS NOT NULL")),
        sparse("workflow_id"),
    )

    feed_id: Mapped[UUID]
    guid: Mapped[str]
    guid_hash: Mapped[bytes] = mapped_column(LargeBinary)
    link_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    url: Mapped[str | None] = mapped_column(String(2048))
    title: Mapped[str | None] = mapped_column(String(500))
    text: Mapped[str]
    """What the feed itself says of it."""
    published_at: Mapped[datetime | None]
    status: Mapped[FeedEntryStatus] = mapped_column(state(FeedEntryStatus, "status"))
    note: Mapped[str | None] = mapped_column(String(500))
    workflow_id: Mapped[UUID | None]
    started_at: Mapped[datetime | None]
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    """When the feed had it last, within a week."""


newest_first(Feed, "workspace_id")
newest_first(FeedEntry, "feed_id")
newest_first(FeedEntry, "feed_id", "status")
