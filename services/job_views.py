"""The ledger and what came of it, as callers read them."""

from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer, selectinload

from core.errors import NotFound
from models import JobStatus, Post, PublishingJob, TakedownStatus
from platforms.registry import PlatformName
from services import pages

SEARCH_CONFIGURATION: Final = "pg_catalog.simple"
"""The one that the trigger on `posts` builds search_vector with: words as they are, whatever the language."""


async def browse(
    session: AsyncSession,
    wanted: pages.Wanted,
    *,
    status: JobStatus | None = None,
    platform: PlatformName | None = None,
    workflow_id: UUID | None = None,
) -> pages.Slice[PublishingJob]:
    statement = select(PublishingJob)
    if status is not None:
        statement = statement.where(PublishingJob.status == status)
    if platform is not None:
        statement = statement.where(PublishingJob.platform == platform)
    if workflow_id is not None:
        statement = statement.where(PublishingJob.workflow_id == workflow_id)
    return await pages.page(session, statement, (PublishingJob.created_at, PublishingJob.id), wanted)


async def find(session: AsyncSession, job_id: UUID) -> PublishingJob:
    """With its attempts. Raises NotFound."""
    job = await session.scalar(
        select(PublishingJob)
        .where(PublishingJob.id == job_id)
        .options(selectinload(PublishingJob.publishing_attempts))
    )
    if job is None:
        raise NotFound("There is no such publishing job.")
    return job


async def browse_posts(
    session: AsyncSession,
    wanted: pages.Wanted,
    *,
    words: str | None = None,
    platform: PlatformName | None = None,
    takedown_status: TakedownStatus | None = None,
) -> pages.Slice[Post]:
    """`words` as people type them into a search engine: "a phrase", or, -without."""
    statement = select(Post).options(defer(Post.html_content), defer(Post.search_vector))
    if words is not None:
        query = func.websearch_to_tsquery(SEARCH_CONFIGURATION, words)
        statement = statement.where(Post.search_vector.bool_op("@@")(query))
    if platform is not None:
        statement = statement.where(Post.platform == platform)
    if takedown_status is not None:
        statement = statement.where(Post.takedown_status == takedown_status)
    return await pages.page(session, statement, (Post.created_at, Post.id), wanted)
