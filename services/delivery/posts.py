"""What is out, and how a mistake is taken back: marked at once, taken down by the queue."""

import asyncio
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from core.errors import Conflict
from models import ConnectedAccount, Post, TakedownStatus
from platforms.base import PlatformError, Reauthorize, Refused
from platforms.registry import PLATFORMS, PlatformName
from services import queue, rows
from services.delivery import account_opening, accounts
from services.runtime import Runtime

log = structlog.get_logger(__name__)

UNPUBLISH_TASK = "unpublish"

_BY_HAND = "Take it down on the platform itself."
_REMOVED = text("UPDATE posts SET takedown_status = 'removed', published = false WHERE id = :id")
_PARTS = text("SELECT response_data -> 'parts' FROM publishing_jobs WHERE id = :job_id")
"""A thread's posts, as its receipt names them; NULL for what is one post."""
_STILL_OUT = text(
    "UPDATE posts SET takedown_status = 'active' WHERE id = :id AND takedown_status = 'takedown_pending'"
)
_ATTEMPT = text("""
INSERT INTO publishing_attempts (id, workspace_id, publishing_job_id, kind, started_at, ended_at, outcome, evidence)
SELECT :id, workspace_id, publishing_job_id, 'unpublish', now(), clock_timestamp(), :outcome,
    jsonb_build_object('detail', CAST(:detail AS text))
FROM posts WHERE id = :post_id AND publishing_job_id IS NOT NULL
""")


async def request_takedown(session: AsyncSession, post_id: UUID) -> Post:
    """Raises NotFound, or Conflict when it is being taken down, was already, or only a person can do it."""
    post = await rows.find(session, Post, post_id, "post", lock=True)
    if post.takedown_status != TakedownStatus.ACTIVE:
        raise Conflict(f"The post is {post.takedown_status} already.")
    if PLATFORMS[PlatformName(post.platform)].mails:
        raise Conflict("Mail that was sent cannot be called back.")
    if post.connected_account_id is None:
        raise Conflict("The account that published it is gone.", remedy=_BY_HAND)
    if post.platform_post_id == post.url:
        # A person said where it is; asked to delete that, a platform knows no such post, which reads as success.
        raise Conflict("What the platform calls this post is not known.", remedy=_BY_HAND)
    await rows.change(session, post, {"takedown_status": TakedownStatus.PENDING})
    await queue.defer(session, UNPUBLISH_TASK, workspace_id=post.workspace_id, post_id=post.id)
    return post


async def take_down(runtime: Runtime, workspace_id: UUID, post_id: UUID) -> None:
    """The queue's part. Raises PlatformError or TimeoutError for what is worth another try."""
    async with runtime.db.service(workspace_id) as session:
        post = await session.get(Post, post_id)
        if post is None or post.takedown_status != "takedown_pending" or post.connected_account_id is None:
            return
        row = await session.get_one(ConnectedAccount, post.connected_account_id)
        parts = await session.scalar(_PARTS, {"job_id": post.publishing_job_id}) or [post.platform_post_id]
    problem = account_opening.problem(row, runtime.settings)
    if problem is not None:
        await _record(runtime, post, "refused", problem["detail"], removed=False)
        return
    account = account_opening.opened(row, runtime.settings, runtime.keyring)
    publisher = PLATFORMS[PlatformName(post.platform)].publisher
    try:
        async with asyncio.timeout(runtime.settings.publish_deadline_seconds):
            for platform_post_id in reversed(parts):
                await publisher.unpublish(runtime.http, account, platform_post_id)
    except (Refused, Reauthorize) as error:
        if isinstance(error, Reauthorize):
            async with runtime.db.service(workspace_id) as session:
                await accounts.mark_expired(session, row.id, error.detail, row.updated_at)
        await _record(runtime, post, "refused", error.detail, removed=False)
        return
    except (PlatformError, TimeoutError) as error:
        await _record(runtime, post, "unreachable", str(error) or "No answer came in time.", removed=None)
        raise
    await _record(runtime, post, "confirmed", "", removed=True)


async def give_up_takedown(runtime: Runtime, workspace_id: UUID, post_id: UUID) -> None:
    """After the last try the post reads as what it is: out."""
    async with runtime.db.service(workspace_id) as session:
        await session.execute(_STILL_OUT, {"id": post_id})


async def _record(runtime: Runtime, post: Post, outcome: str, detail: str, *, removed: bool | None) -> None:
    async with runtime.db.service(post.workspace_id) as session:
        if removed is not None:
            await session.execute(_REMOVED if removed else _STILL_OUT, {"id": post.id})
        attempt = {"id": uuid7(), "post_id": post.id, "outcome": outcome, "detail": detail}
        await session.execute(_ATTEMPT, attempt)
    log.info("post.takedown", post_id=str(post.id), outcome=outcome)
