"""A thread's drafts, whole: nothing that was written is ever lost."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from core import sql
from core.content import Content
from core.errors import NotFound
from core.sql import Connection, Statement
from models import Draft, Evaluation, PlatformState
from services import rows
from services.reviewing import diffs


@dataclass(frozen=True, slots=True)
class DraftView:
    """`diff` is to the draft before, empty for the first."""

    draft: Draft
    evaluations: Sequence[Evaluation]
    diff: Sequence[diffs.Change]


def content_of(draft: Draft) -> Content:
    return Content(content=draft.content, metadata=draft.metadata_, media=tuple(draft.media))


async def of_thread(session: AsyncSession, thread_id: UUID) -> list[Draft]:
    """In the order in which they were written, with their evaluations. Raises NotFound."""
    await rows.find(session, PlatformState, thread_id, "thread")
    return list(await session.scalars(_SCORED, {"thread_id": thread_id}))


_SCORED: Final = (
    select(Draft)
    .where(Draft.thread_id == bindparam("thread_id"))
    .order_by(Draft.sequence, Draft.created_at)
    .options(selectinload(Draft.evaluations))
)


async def compared(drafts: Sequence[Draft]) -> list[DraftView]:
    """Each with what changed; off the event loop, and best with no transaction open."""
    texts = ["", *(draft.content for draft in drafts)]
    found = await asyncio.to_thread(lambda: [diffs.words(old, new) for old, new in pairwise(texts)])
    return [
        DraftView(draft, draft.evaluations, diff if index else ())
        for index, (draft, diff) in enumerate(zip(drafts, found, strict=True))
    ]


async def pair(
    connection: Connection, thread_id: UUID, from_id: UUID | None, to_id: UUID | None
) -> tuple[str, str]:
    """The words of two of the thread's drafts, by default of the first and of the last. Raises NotFound."""
    given = {"thread_id": thread_id, "from_id": from_id, "to_id": to_id}
    found = await sql.row(connection, _PAIR, given)
    if found is None:
        raise NotFound("This thread has no two such drafts.")
    return found["old"], found["new"]


_OF_THREAD: Final = "SELECT id FROM drafts WHERE thread_id = :thread_id ORDER BY"
_PAIR: Final = Statement.of(f"""
SELECT a.content AS old, b.content AS new FROM drafts a JOIN drafts b ON b.thread_id = a.thread_id
WHERE a.thread_id = :thread_id
    AND a.id = coalesce(CAST(:from_id AS uuid), ({_OF_THREAD} sequence, created_at LIMIT 1))
    AND b.id = coalesce(CAST(:to_id AS uuid), ({_OF_THREAD} sequence DESC, created_at DESC LIMIT 1))""")


async def compare(before: str, after: str) -> Sequence[diffs.Change]:
    """Off the event loop, and best with no transaction open."""
    return await asyncio.to_thread(diffs.words, before, after)
