"""Workflows as callers read them: each thread with its text, score, review and receipt. A page takes three statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, literal, select
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
    statement = _workflows()
    for name in filters.__slots__:
        if (value := getattr(filters, name)) is not None:
            statement = statement.where(getattr(Workflow, name) == value)
    statement = pages.keyset(statement, (Workflow.created_at, Workflow.id), wanted)
    found = pages.cut(
        (await session.execute(statement)).all(),
        wanted,
        lambda row: pages.Position(row.Workflow.created_at, row.Workflow.id),
    )
    return pages.Slice(await _views(session, found.items), found.next)


async def find(session: AsyncSession, workflow_id: UUID) -> WorkflowView:
    """Raises NotFound."""
    rows = (await session.execute(_workflows().where(Workflow.id == workflow_id))).all()
    if not rows:
        raise NotFound("There is no such workflow.")
    return (await _views(session, rows))[0]


def _workflows() -> Select[*tuple[Any, ...]]:
    return select(Workflow, *_SOURCE).options(defer(Workflow.source_content, raiseload=True))


async def _views(session: AsyncSession, rows: Sequence[Any]) -> list[WorkflowView]:
    ids = [row.Workflow.id for row in rows]
    threads = await _threads(session, ids)
    costs = await _costs(session, ids)
    return [
        WorkflowView(
            row.Workflow,
            SourceView(row.source_type or "text", row.source_url, row.source_title),
            threads.get(row.Workflow.id, ()),
            costs.get(row.Workflow.id, Decimal(0)),
        )
        for row in rows
    ]


async def _threads(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, Sequence[ThreadView]]:
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
    evaluation, job = aliased(Evaluation, evaluations), aliased(PublishingJob, jobs)
    pending = (
        select(Review.id)
        .where(Review.thread_id == PlatformState.id, Review.status == "pending")
        .order_by(Review.created_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(PlatformState, Draft, evaluation, pending, job)
        .outerjoin(Draft, Draft.id == PlatformState.active_draft_id)
        .outerjoin(evaluations, literal(True))
        .outerjoin(jobs, literal(True))
        .where(PlatformState.workflow_id.in_(ids))
        .order_by(PlatformState.id)
    )
    found: dict[UUID, list[ThreadView]] = {}
    for state, draft, scored, review_id, latest in rows:
        view = ThreadView(state, draft, scored, review_id, latest)
        found.setdefault(state.workflow_id, []).append(view)
    return found


async def _costs(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, Decimal]:
    rows = await session.execute(
        select(TokenUsage.workflow_id, func.sum(TokenUsage.cost_usd))
        .where(TokenUsage.workflow_id.in_(ids), TokenUsage.status != "reserved")
        .group_by(TokenUsage.workflow_id)
    )
    return {workflow_id: cost or Decimal(0) for workflow_id, cost in rows if workflow_id is not None}
