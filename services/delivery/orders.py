"""What was approved, as the ledger keeps it: the job, its attempts, the post."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from core.content import Content, approved_hash, content_hash
from platforms.base import Receipt
from platforms.registry import PlatformName
from services.claims import Claim
from services.delivery import sending
from services.delivery.sending import Answer


@dataclass(frozen=True, slots=True)
class Order:
    """What was approved, and the job that carries it out."""

    claim: Claim
    content: Content
    job: dict[str, Any]
    is_new: bool
    due: datetime
    """From when on it should have been published."""


def order_of(claim: Claim, content: Content, draft_id: str) -> Order | None:
    """None when the text is not the approved one, whoever brought the graph here."""
    review = claim.review
    if review is None or review["approved_hash"] is None or review["status"] != "decided":
        return None
    account_id = _uuid(review["connected_account_id"])
    if approved_hash(content, account_id) != review["approved_hash"]:
        return None
    decided_at = datetime.fromisoformat(review["decided_at"])
    schedule_for = moment(review["schedule_for"])
    job = claim.job
    if job is not None:
        bound = _uuid(job["connected_account_id"])
        if job["approved_hash"] != approved_hash(content, bound):
            return None
        planned = max(
            moment(job["scheduled_for"]) or decided_at, decided_at, datetime.fromisoformat(job["updated_at"])
        )
        return Order(claim, content, job, False, planned)
    is_planned = schedule_for is not None and schedule_for > claim.now
    new: dict[str, Any] = {
        "id": str(sending.job_id(UUID(review["id"]), account_id)),
        "draft_id": draft_id,
        "review_id": review["id"],
        "connected_account_id": str(account_id) if account_id else None,
        "status": "held" if account_id is None else "scheduled" if is_planned else "queued",
        "scheduled_for": schedule_for.isoformat() if schedule_for else None,
        "idempotency_key": f"{review['id']}:{account_id}",
        "approved_hash": review["approved_hash"],
        "simulated": claim.simulated,
        "attempts": 0,
        "first_attempt_at": None,
        "deadline": None,
        "response_data": None,
        "progress": {},
        "error": sending.NO_ACCOUNT if account_id is None else None,
    }
    return Order(claim, content, new, True, max(schedule_for or decided_at, decided_at))


def job_row(order: Order, answer: Answer) -> dict[str, Any]:
    response = None
    if answer.receipt is not None:
        receipt = answer.receipt
        response = {**receipt.response, "platform_post_id": receipt.platform_post_id, "url": receipt.url}
    return {**order.job, "status": answer.status, "response_data": response, "error": answer.error}


def attempt_row(order: Order, answer: Answer) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "publishing_job_id": order.job["id"],
        "kind": answer.kind,
        "seconds": answer.seconds,
        "outcome": answer.outcome,
        "evidence": dict(answer.evidence),
    }


def post_row(order: Order, receipt: Receipt) -> dict[str, Any]:
    html = receipt.response.get("html")
    slug = receipt.response.get("slug")
    return {
        "id": uuid7(),
        "publishing_job_id": order.job["id"],
        "connected_account_id": order.job["connected_account_id"],
        "platform_post_id": receipt.platform_post_id,
        "content_type": "article" if order.claim.platform == PlatformName.BLOG else "post",
        "title": order.content.title or None,
        "url": receipt.url,
        "slug": slug if isinstance(slug, str) else None,
        "text_content": order.content.content,
        "html_content": html if isinstance(html, str) else None,
        "content_hash": content_hash(order.content),
        "simulated": order.job["simulated"],
    }


def moment(value: str | None) -> datetime | None:
    """A time as a row reads in JSON."""
    return datetime.fromisoformat(value) if value else None


def _uuid(value: str | None) -> UUID | None:
    return UUID(value) if value else None
