"""A reviewer's decision: compare-and-set on what is pending and on the hash of what the reviewer saw."""

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core import sql
from core.content import Content, approved_hash
from core.errors import Conflict, FieldError, Invalid
from core.principal import Principal
from core.sql import Row, Statement, connection_of
from graphs.interrupts import Decision, edited
from graphs.records import content_of
from models import Review
from platforms.registry import PLATFORMS, PlatformName
from services import clock, rows
from services.access import people
from services.reviewing import review_views
from services.reviewing.review_views import ItemView
from services.style import style_learning


class ReviewAlreadyDecided(Conflict):
    title = "This review is no longer pending"


class DraftChanged(Conflict):
    title = "The draft is not the one you saw"


_EDITED = {"content", "metadata", "media"}
_STATUS_AFTER = {
    "accept": "accepted",
    "edit": "accepted",
    "regenerate": "generating",
    "reject": "rejected",
}

# The thread's row first, as everywhere, so that writers queue and never deadlock.
_DECIDE = Statement.of("""
WITH thread AS (
    SELECT p.id FROM platform_states p WHERE p.id = :thread_id FOR UPDATE
), decided AS (
    UPDATE reviews r SET
        status = 'decided', decision = :decision, decided_by = :user_id,
        decided_at = now(), decided_via = :decided_via, comment = :comment, edited = CAST(:edited AS jsonb), approve = :approve,
        approved_hash = :approved_hash, bound = :bound, connected_account_id = :account_id,
        schedule_for = :schedule_for
    FROM thread t
    WHERE r.id = :id AND r.thread_id = t.id AND r.status = 'pending' AND r.seen_hash = :seen_hash
    RETURNING r.thread_id, r.status, r.decision, r.decided_by, r.decided_at
), woken AS (
    UPDATE platform_states p SET status = :status, due_at = least(p.due_at, now()),
        run_id = coalesce(CAST(:run_id AS uuid), p.run_id)
    FROM decided d WHERE p.id = d.thread_id
)
SELECT status, decision, decided_by, decided_at FROM decided
""")


@dataclass(frozen=True, slots=True)
class Decided:
    item: ItemView
    thread_status: str


async def decide(
    session: AsyncSession,
    principal: Principal,
    review_id: UUID,
    decision: Decision,
    seen_hash: str | None,
    *,
    loaded: Row | None = None,
    run_id: UUID | None = None,
) -> Decided:
    """Put the decision into effect, or raise NotFound, Invalid, ReviewAlreadyDecided or DraftChanged.

    `seen_hash` None is a decision that does not name what it saw (Agent Inbox); it is recorded as unbound. `loaded`: the
    review as `LOADED` has it, where its caller has read it. `run_id`: the run that the thread's work is for from now on.
    """
    connection = connection_of(session)
    found = loaded or await review_views.read(
        connection, _LOAD, {"id": review_id, "account_id": decision.account_id}
    )
    item = review_views.take_item(found)
    await _check(session, item, found, decision, seen_hash)
    is_edit = decision.decision == "edit"
    draft = content_of(found)
    content = edited(draft, decision) if is_edit else draft
    approves = decision.decision == "accept" or (is_edit and decision.approve)
    if approves:
        _check_policy(content, PlatformName(item.platform))
    account_id = decision.account_id or found["connected_account_id"]
    status = "evaluating" if is_edit and not approves else _STATUS_AFTER[decision.decision]
    written = {
        "id": review_id,
        "thread_id": item.thread_id,
        "seen_hash": found["seen_hash"],
        "decision": decision.decision,
        "user_id": principal.user_id,
        "decided_via": principal.via,
        "comment": decision.feedback,
        "edited": decision.model_dump_json(include=_EDITED, exclude_none=False) if is_edit else None,
        "approve": decision.approve or not is_edit,
        "approved_hash": approved_hash(content, account_id) if approves else None,
        "bound": seen_hash is not None,
        "account_id": account_id,
        "schedule_for": decision.schedule_for or found["schedule_for"],
        "status": status,
        "run_id": run_id,
    }
    decided = await sql.row(connection, _DECIDE, written)
    if decided is None:
        raise await _overtaken(session, review_id)
    if is_edit and decision.approve and style_learning.teaches(draft, content):
        await style_learning.request(session, principal.workspace_id, review_id)
    return Decided(replace(item, **decided), status)


async def assign(session: AsyncSession, review_id: UUID, changes: dict[str, Any]) -> Review:
    """Set `assignee_id` and `due_at`, whichever `changes` has. Raises NotFound and Invalid."""
    review = await rows.find(session, Review, review_id, "review", lock=True)
    assignee = changes.get("assignee_id")
    if assignee is not None and assignee not in await people.of_workspace(session):
        detail = "Nobody of this workspace has this id."
        raise Invalid(detail, errors=[FieldError("/assignee_id", detail)])
    for name, value in changes.items():
        setattr(review, name, value)
    await session.flush()
    await session.refresh(review)
    return review


LOADED: Final = f"""
{review_views.ITEM}, r.connected_account_id, d.content, d.metadata, d.media,
    (SELECT a.status FROM connected_accounts a WHERE a.id = :account_id AND a.platform = d.platform) AS account_status
{review_views.OF_REVIEWS}"""
"""With the account that the decision names, if there is such a one for this platform."""
_LOAD: Final = Statement.of(f"{LOADED} WHERE r.id = :id")


async def _check(
    session: AsyncSession, item: ItemView, found: Row, decision: Decision, seen_hash: str | None
) -> None:
    """All but the words."""
    if item.status != "pending":
        raise await _already_decided(session, item)
    if seen_hash is not None and seen_hash != item.seen_hash:
        raise _changed(item)
    if decision.account_id is not None:
        _check_account(found["account_status"])
    if decision.schedule_for is not None:
        await clock.check_ahead(session, decision.schedule_for, "/schedule_for")


async def _overtaken(session: AsyncSession, review_id: UUID) -> Conflict:
    """Somebody else was quicker, by a moment."""
    item = await review_views.find_item(connection_of(session), review_id)
    return _changed(item) if item.status == "pending" else await _already_decided(session, item)


async def _already_decided(session: AsyncSession, review: ItemView) -> ReviewAlreadyDecided:
    if review.status == "superseded":
        return ReviewAlreadyDecided(
            "The workflow was cancelled or its thread was changed, so this is not to be decided any more.",
            remedy="Look at the thread: when it has come to its next pause, there is a new review.",
        )
    person = (await people.of_workspace(session)).get(review.decided_by) if review.decided_by else None
    name = person.username if person else None
    return ReviewAlreadyDecided(
        f"{name or 'Somebody'} decided {review.decision} at {review.decided_at:%Y-%m-%d %H:%M:%S %Z}.",
        remedy="Look at the thread for what came of it.",
        extra={
            "decision": review.decision,
            "decided_by": str(review.decided_by) if review.decided_by else None,
            "decided_by_name": name,
            "decided_at": review.decided_at.isoformat() if review.decided_at else None,
        },
    )


def _changed(item: ItemView) -> DraftChanged:
    return DraftChanged(
        "What you saw (text, metadata, images, account or time) is not what waits for a decision now.",
        remedy=f"Read GET /v1/reviews/{item.id} again and decide with its seen_hash.",
        extra={"seen_hash": item.seen_hash, "draft_id": str(item.draft_id)},
    )


def _check_policy(content: Content, platform: PlatformName) -> None:
    """Only a text that its platform would take can be approved."""
    policy = PLATFORMS[platform].policy
    if violations := policy.violations(content):
        raise Invalid(
            f"{policy.label} would not take this text: {violations[0].message}",
            remedy=violations[0].remedy,
            errors=[FieldError(v.field, f"{v.message} {v.remedy}") for v in violations],
        )


def _check_account(status: str | None) -> None:
    if status is None:
        detail = "There is no such account for this platform."
        raise Invalid(detail, errors=[FieldError("/account_id", detail)])
    if status == "disconnected":
        detail = "This account is disconnected."
        raise Invalid(detail, remedy="Connect it again.", errors=[FieldError("/account_id", detail)])
