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

from core.content import Content
from models import Draft, Evaluation, PlatformState
from services import diffs, rows


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
