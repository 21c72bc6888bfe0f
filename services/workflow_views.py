"""Workflows as callers read them: each thread with its text, score, review and receipt. A page takes two statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, any_, bindparam, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, defer

from core.errors import NotFound
from models import (
    Draft,
    Evaluation,
    PlatformState,
    PublishingJob,
    Review,
    TokenUsage,
    Workflow,
    WorkflowStatus,
)
from services import pages


@dataclass(frozen=True, slots=True)
class SourceView:
    """Where the words came from, without the words: they may be a million."""

    type: str
    url: str | None
    title: str | None


@dataclass(frozen=True, slots=True)
class ThreadView:
    state: PlatformState
    active_draft: Draft | None
    evaluation: Evaluation | None
    """The active draft's latest."""
    pending_review_id: UUID | None
    publishing_job: PublishingJob | None
    """The latest."""


@dataclass(frozen=True, slots=True)
class WorkflowView:
    workflow: Workflow
    source: SourceView
    threads: Sequence[ThreadView]
    cost_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    status: WorkflowStatus | None = None
    project_id: UUID | None = None
    campaign_id: UUID | None = None
    external_id: str | None = None


_SOURCE = tuple(
    Workflow.source_content[name].astext.label(f"source_{name}") for name in ("type", "url", "title")
)


async def browse(session: AsyncSession, wanted: pages.Wanted, filters: Filters) -> pages.Slice[WorkflowView]:
    statement = _WORKFLOWS
    for name in filters.__slots__:
        if (value := getattr(filters, name)) is not None:
            statement = statement.where(getattr(Workflow, name) == value)
    columns = Workflow.created_at, Workflow.id
    statement = pages.keyset(statement, columns, goes_on=wanted.after is not None)
    found = pages.cut(
        (await session.execute(statement, pages.parameters(wanted))).all(),
        wanted,
        lambda row: pages.Position(row.Workflow.created_at, row.Workflow.id),
    )
    return pages.Slice(await _views(session, found.items), found.next)


async def require(session: AsyncSession, workflow_id: UUID) -> None:
    """Raises NotFound."""
    if await session.scalar(select(Workflow.id).where(Workflow.id == workflow_id)) is None:
        raise _not_found()


async def find(session: AsyncSession, workflow_id: UUID) -> WorkflowView:
    """Raises NotFound."""
    rows = (await session.execute(_WORKFLOW, {"id": workflow_id})).all()
    if not rows:
        raise _not_found()
    return (await _views(session, rows))[0]


def _not_found() -> NotFound:
    return NotFound("There is no such workflow.")


def _workflows() -> Select[*tuple[Any, ...]]:
    cost = (
        select(func.sum(TokenUsage.cost_usd))
        .where(TokenUsage.workflow_id == Workflow.id, TokenUsage.status != "reserved")
        .scalar_subquery()
    )
    return select(Workflow, *_SOURCE, cost.label("cost_usd")).options(
        defer(Workflow.source_content, raiseload=True)
    )


def _threads() -> Select[*tuple[Any, ...]]:
    """In the order in which the platforms were asked for: ids are made in that order."""
    evaluations = (
        select(Evaluation)
        .where(Evaluation.draft_id == PlatformState.active_draft_id)
        .order_by(Evaluation.created_at.desc(), Evaluation.id.desc())
        .limit(1)
        .lateral()
    )
    jobs = (
        select(PublishingJob)
        .where(PublishingJob.thread_id == PlatformState.id)
        .order_by(PublishingJob.created_at.desc(), PublishingJob.id.desc())
        .limit(1)
        .lateral()
    )
    pending = (
        select(Review.id)
        .where(Review.thread_id == PlatformState.id, Review.status == "pending")
        .order_by(Review.created_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(PlatformState, Draft, aliased(Evaluation, evaluations), pending, aliased(PublishingJob, jobs))
        .outerjoin(Draft, Draft.id == PlatformState.active_draft_id)
        .outerjoin(evaluations, literal(True))
        .outerjoin(jobs, literal(True))
        .where(PlatformState.workflow_id == any_(bindparam("ids", type_=ARRAY(Uuid))))
        .order_by(PlatformState.id)
    )


# Put together once: that takes longer than to run them.
_WORKFLOWS: Final = _workflows()
_WORKFLOW: Final = _WORKFLOWS.where(Workflow.id == bindparam("id"))
_THREADS: Final = _threads()


async def _views(session: AsyncSession, rows: Sequence[Any]) -> list[WorkflowView]:
    threads: dict[UUID, list[ThreadView]] = {row.Workflow.id: [] for row in rows}
    for found in await session.execute(_THREADS, {"ids": list(threads)}):
        view = ThreadView(*found)
        threads[view.state.workflow_id].append(view)
    return [
        WorkflowView(
            row.Workflow,
            SourceView(row.source_type or "text", row.source_url, row.source_title),
            threads[row.Workflow.id],
            row.cost_usd or Decimal(0),
        )
        for row in rows
    ]
