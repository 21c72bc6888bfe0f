"""Decisions as a call takes them: one, or many, of which each is carried out or refused by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api import problems
from api.schemas.reviews import DecidedOut, DecisionResult, ReviewItem
from api.schemas.workflows import ThreadBrief
from api.transaction import UnitOfWork
from core.errors import ProofroomError
from core.principal import Principal
from graphs.interrupts import Decision
from services.reviewing import reviews


@dataclass(frozen=True, slots=True)
class Taken:
    """What somebody decided about what they saw."""

    review_id: UUID
    decision: Decision
    seen_hash: str


async def decide(session: AsyncSession, principal: Principal, taken: Taken) -> DecidedOut:
    """Raises what `reviews.decide` does."""
    decided = await reviews.decide(session, principal, taken.review_id, taken.decision, taken.seen_hash)
    item = decided.item
    thread = {"id": item.thread_id, "platform": item.platform, "status": decided.thread_status}
    return DecidedOut(review=ReviewItem.of(item), thread=ThreadBrief.model_validate(thread))


async def decide_each(
    work: UnitOfWork, principal: Principal, decisions: Iterable[Taken]
) -> list[DecisionResult]:
    """One after the other; a repeat of the call does only what is left."""
    results = [await _decide_one(work, number, principal, taken) for number, taken in enumerate(decisions)]
    await work.begin()  # the answer is kept for the idempotency key
    return results


async def _decide_one(work: UnitOfWork, number: int, principal: Principal, taken: Taken) -> DecisionResult:
    """In a transaction of its own: locks on many threads at once could meet a worker's the other way round."""
    try:
        async with work.part(number) as part:
            if part.said is not None:
                return DecisionResult.model_validate_json(part.said)
            decided = await decide(part.session, principal, taken)
            result = DecisionResult(
                review_id=taken.review_id,
                status=HTTPStatus.ACCEPTED,
                review=decided.review,
                thread=decided.thread,
            )
            await part.keep(result.model_dump_json().encode())
            return result
    except ProofroomError as error:
        return DecisionResult(
            review_id=taken.review_id, status=error.status, problem=problems.describe(error)
        )
