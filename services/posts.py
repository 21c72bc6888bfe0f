"""What is out, and how a mistake is taken back: marked at once, taken down by the queue."""

from uuid import UUID

import structlog
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from core.errors import Conflict, NotFound
from models import ConnectedAccount, Post
from platforms.base import PlatformError
from platforms.registry import PLATFORMS, PlatformName
from services import accounts, queue
from services.runtime import Runtime

log = structlog.get_logger(__name__)

UNPUBLISH_TASK = "unpublish"

_REQUEST = text("""
UPDATE posts SET takedown_status = 'takedown_pending'
WHERE id = :id AND takedown_status = 'active' AND connected_account_id IS NOT NULL
RETURNING id
""")
_REMOVED = text("UPDATE posts SET takedown_status = 'removed', published = false WHERE id = :id")
_STILL_OUT = text("UPDATE posts SET takedown_status = 'active' WHERE id = :id")
_ATTEMPT = text("""
INSERT INTO publishing_attempts (id, workspace_id, publishing_job_id, kind, started_at, ended_at, outcome, evidence)
SELECT :id, workspace_id, publishing_job_id, 'unpublish', now(), clock_timestamp(), :outcome,
    jsonb_build_object('detail', CAST(:detail AS text))
FROM posts WHERE id = :post_id AND publishing_job_id IS NOT NULL
""")


async def request_takedown(session: AsyncSession, post_id: UUID) -> Post:
    """Raises NotFound, or Conflict when it is being taken down or was already."""
    if (await session.execute(_REQUEST, {"id": post_id})).first() is None:
        post = await session.get(Post, post_id)
        if post is None:
            raise NotFound("There is no such post.")
        if post.connected_account_id is None:
            raise Conflict(
                "The account that published it is gone.", remedy="Take it down on the platform itself."
            )
        raise Conflict(f"The post is {post.takedown_status} already.")
    post = (await session.execute(select(Post).where(Post.id == post_id))).scalar_one()
    await queue.defer(session, UNPUBLISH_TASK, workspace_id=post.workspace_id, post_id=post.id)
    return post


async def take_down(runtime: Runtime, workspace_id: UUID, post_id: UUID) -> None:
    """The queue's part. Raises PlatformError for what is worth another try."""
    async with runtime.db.service(workspace_id) as session:
        post = await session.get(Post, post_id)
        if post is None or post.takedown_status != "takedown_pending" or post.connected_account_id is None:
            return
        row = await session.get_one(ConnectedAccount, post.connected_account_id)
    problem = accounts.problem(row, runtime.settings)
    if problem is not None:
        await _record(runtime, post, "refused", problem["detail"], removed=False)
        return
    account = accounts.opened(row, runtime.settings, runtime.keyring)
    publisher = PLATFORMS[PlatformName(post.platform)].publisher
    try:
        await publisher.unpublish(runtime.http, account, post.platform_post_id)
    except PlatformError as error:
        await _record(runtime, post, "unreachable", error.detail, removed=None)
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
