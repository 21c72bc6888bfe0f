"""What `command.resume` says, as a decision on the review that it is for: bound to what its sender saw, where it names that."""

import re
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from pydantic import JsonValue

from core import sql
from core.errors import Conflict, FieldError, Invalid
from core.sql import Connection, Row, Statement
from graphs.interrupts import Decision, edited, parse_decision
from graphs.records import content_of
from models import PlatformStatus
from services.reviewing.reviews import LOADED, DraftChanged

_INTERRUPT_ID: Final = re.compile(r"[0-9a-f]{32}")
_PUBLISHING: Final = {PlatformStatus.ACCEPTED, PlatformStatus.SCHEDULED, PlatformStatus.PUBLISHING}


class NothingToResume(Conflict):
    title = "Nothing waits for a decision"


class UnknownInterrupt(Invalid):
    title = "The thread has never asked this"


@dataclass(frozen=True, slots=True)
class Decide:
    review_id: UUID
    decision: Decision
    seen_hash: str | None
    """None: it names nothing that it saw, so it is for what waited when it came."""
    review: Row | None = None
    """As `reviews.LOADED` has it, where it has just been read."""

    def kept(self) -> dict[str, Any]:
        decision = self.decision.model_dump(mode="json")
        return {"review_id": str(self.review_id), "decision": decision, "seen_hash": self.seen_hash}

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Self:
        decision = Decision.model_validate(kept["decision"])
        return cls(UUID(kept["review_id"]), decision, kept["seen_hash"])


async def read(connection: Connection, thread_id: UUID, status: str | None, answer: JsonValue) -> Decide:
    """`status`: the thread's. Raises NothingToResume, UnknownInterrupt, DraftChanged, and Invalid for what is no decision."""
    interrupt_id, said = _named(answer)
    decision = _parsed(said)
    account_id = None if isinstance(decision, Invalid) else decision.account_id
    wanted = {"thread_id": thread_id, "interrupt_id": interrupt_id, "account_id": account_id}
    found = await sql.row(connection, _REVIEW, wanted)
    if found is None:
        raise _unasked(status, interrupt_id)
    if isinstance(decision, Invalid):
        raise decision
    return Decide(found["id"], decision, _seen_hash(found, decision, named=interrupt_id is not None), found)


def _parsed(said: JsonValue) -> Decision | Invalid:
    """What is wrong with it is told only where something is asked."""
    try:
        return parse_decision(said)
    except Invalid as wrong:
        return wrong


def _named(answer: JsonValue) -> tuple[str | None, JsonValue]:
    """The interrupt that it answers, if it names one."""
    if not isinstance(answer, dict) or not answer or not all(map(_INTERRUPT_ID.fullmatch, answer)):
        return None, answer
    if len(answer) > 1:
        detail = "A thread asks one thing at a time."
        raise Invalid(detail, errors=[FieldError("/command/resume", detail)])
    return next(iter(answer.items()))


def _seen_hash(found: Row, decision: Decision, *, named: bool) -> str | None:
    """By the interrupt that the answer names, or by the text that an approval carries."""
    draft = content_of(found)
    if decision.decision == "accept" and edited(draft, decision) != draft:
        raise DraftChanged(
            "The text that was accepted is not the one that waits for a decision.",
            remedy="Read the thread's state again and decide on what it shows, or send your text as an edit.",
        )
    carries = decision.decision == "accept" and decision.content is not None
    seen_hash: str = found["seen_hash"]
    return seen_hash if named or carries else None


def _unasked(status: str | None, interrupt_id: str | None) -> Conflict | Invalid:
    if status in _PUBLISHING:
        return NothingToResume(
            "The decision is made, and the publication is the worker's: nothing waits for an answer."
        )
    if interrupt_id is None:
        state = f"is {status}" if status else "has not begun"
        return NothingToResume(f"The thread {state}: nothing waits for a decision.")
    detail = f"The thread has never asked {interrupt_id}."
    return UnknownInterrupt(
        detail,
        remedy="Take the id from the thread's interrupts.",
        errors=[FieldError("/command/resume", detail)],
    )


_REVIEW: Final = Statement.of(f"""
{LOADED} WHERE r.thread_id = :thread_id AND CASE
    WHEN CAST(:interrupt_id AS text) IS NULL THEN r.status = 'pending' ELSE r.interrupt_id = :interrupt_id END
ORDER BY r.created_at DESC LIMIT 1
""")
