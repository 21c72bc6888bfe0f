"""Every post on a platform, ours or ingested, what was made of it, and its media."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    Base,
    Json,
    Tenant,
    anchor,
    never_negative,
    newest_first,
    platform_name,
    reference,
    sparse,
    state,
)


class ContentType(StrEnum):
    POST = "post"
    ACTIVITY = "activity"
    STORY = "story"
    REEL = "reel"
    REPLY = "reply"
    REPOST = "repost"
    ARTICLE = "article"


class TakedownStatus(StrEnum):
    ACTIVE = "active"
    PENDING = "takedown_pending"
    REMOVED = "removed"


class Post(Tenant, Base):
    """`search_vector` is kept by a trigger from text, author handle and activity type."""

    __tablename__ = "posts"
    __table_args__ = (
        anchor(),
        reference("connected_account_id", "connected_accounts", "SET NULL"),
        reference("campaign_id", "campaigns", "SET NULL"),
        reference("publishing_job_id", "publishing_jobs", "SET NULL"),
        reference("source_post_id", "posts", "SET NULL"),
        UniqueConstraint("workspace_id", "platform", "platform_post_id"),
        Index(
            "uq_posts_source",
            "workspace_id",
            "source_post_id",
            "platform",
            "connected_account_id",
            unique=True,
            postgresql_where=text("source_post_id IS NOT NULL"),
        ),
        Index(None, "connected_account_id"),
        Index(None, "user_id"),
        sparse("campaign_id"),
        Index(None, "publishing_job_id"),
        platform_name(),
        *never_negative("num_comments"),
    )

    connected_account_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    campaign_id: Mapped[UUID | None]
    publishing_job_id: Mapped[UUID | None]
    source_post_id: Mapped[UUID | None]
    platform: Mapped[str] = mapped_column(String(20))
    platform_post_id: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[ContentType] = mapped_column(
        state(ContentType, "content_type"), server_default=ContentType.POST
    )
    activity_type: Mapped[str | None] = mapped_column(String(50))
    author_handle: Mapped[str | None] = mapped_column(String(255))
    title: Mapped[str | None]
    url: Mapped[str | None] = mapped_column(String(2048))
    slug: Mapped[str | None] = mapped_column(String(255))
    text_content: Mapped[str | None]
    html_content: Mapped[str | None]
    score: Mapped[int | None]
    num_comments: Mapped[int | None]
    subreddit: Mapped[str | None] = mapped_column(String(100))
    content_hash: Mapped[str | None] = mapped_column(String(64))
    created_at_platform: Mapped[datetime | None]
    updated_at_platform: Mapped[datetime | None]
    published: Mapped[bool] = mapped_column(server_default=text("false"))
    deleted_on_platform: Mapped[bool] = mapped_column(server_default=text("false"))
    takedown_status: Mapped[TakedownStatus] = mapped_column(
        state(TakedownStatus, "takedown_status"), server_default=TakedownStatus.ACTIVE
    )
    simulated: Mapped[bool] = mapped_column(server_default=text("false"))
    search_vector: Mapped[str | None] = mapped_column(TSVECTOR)


class PostAnalysis(Tenant, Base):
    __tablename__ = "post_analyses"
    __table_args__ = (reference("post_id", "posts", "CASCADE"), UniqueConstraint("post_id", "language"))

    post_id: Mapped[UUID]
    language: Mapped[str] = mapped_column(String(35))
    summary: Mapped[str | None]
    tags: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    pain_points: Mapped[str | None]
    product_ideas: Mapped[Json | None]
    model: Mapped[str | None] = mapped_column(String(100))


class MediaStatus(StrEnum):
    PENDING = "pending"
    DOWNLOADING = "downloading"
    DOWNLOADED = "downloaded"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"


class MediaFile(Tenant, Base):
    """Stored at `{user_id}/{platform}/{sha256(original_url)}.{ext}`; an upload has no original_url."""

    __tablename__ = "media_files"
    __table_args__ = (
        reference("post_id", "posts", "SET NULL"),
        reference("file_id", "files", "SET NULL"),
        UniqueConstraint("workspace_id", "user_id", "original_url"),
        Index(None, "post_id"),
        Index(None, "file_id"),
        Index(None, "user_id"),
        *never_negative("attempts", "file_size"),
        CheckConstraint("original_url IS NOT NULL OR file_id IS NOT NULL", name="origin"),
    )

    post_id: Mapped[UUID | None]
    file_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    original_url: Mapped[str | None] = mapped_column(String(2048))
    status: Mapped[MediaStatus] = mapped_column(
        state(MediaStatus, "status"), server_default=MediaStatus.PENDING
    )
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[str | None] = mapped_column(String(2000))
    last_attempt_at: Mapped[datetime | None]
    hosted_url: Mapped[str | None] = mapped_column(String(2048))
    file_type: Mapped[str | None] = mapped_column(String(100))
    file_size: Mapped[int | None] = mapped_column(BigInteger)
    processed_at: Mapped[datetime | None]


newest_first(Post, "workspace_id", "platform")
newest_first(Post, "workspace_id", "takedown_status")
newest_first(Post, "workspace_id")
newest_first(PostAnalysis, "workspace_id")
newest_first(MediaFile, "workspace_id", "status")
