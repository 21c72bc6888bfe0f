"""Which reviews a list is of, and in which order: the inbox's filters, in SQL."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from core.errors import FieldError, Invalid
from models import ReviewStatus
from platforms.registry import PlatformName
from services import pages

_OF_PENDING: Final = frozenset({"q", "min_score", "max_score", "at_bar", "below_bar"})
_SPECIAL: Final = re.compile(r"([\\%_])")
_ESCAPED: Final = r"\\\1"
"""For ILIKE."""


class Sort(StrEnum):
    NEWEST = "newest"
    URGENT = "urgent"
    """What is due first, what has no due time last, the oldest first of those; only of what is pending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """`q` and the scores look into what is pending only: nothing bounds what else there is."""

    status: ReviewStatus | None = None
    platform: PlatformName | None = None
    workflow_id: UUID | None = None
    project_id: UUID | None = None
    assignee_id: UUID | None = None
    unassigned: bool = False
    min_score: int | None = None
    max_score: int | None = None
    at_bar: bool = False
    """As good as was asked for, or better."""
    below_bar: bool = False
    created_before: datetime | None = None
    created_after: datetime | None = None
    """That very time included."""
    q: str | None = None
    """Words of the draft's text or title, next to each other, in capitals or not."""

    def given(self, sort: Sort = Sort.NEWEST) -> dict[str, Any]:
        """The parameters of `where`. Raises Invalid for what is only of what is pending, if something else is wanted."""
        found = {
            name: value
            for name in self.__slots__
            if (value := getattr(self, name)) is not None and value is not False
        }
        of_pending = sort is Sort.URGENT or not _OF_PENDING.isdisjoint(found)
        if of_pending and found.setdefault("status", ReviewStatus.PENDING) != ReviewStatus.PENDING:
            detail = "Only what is pending is searched, chosen by score or put in the order of urgency."
            remedy = "Leave the status out, or ask for pending."
            raise Invalid(detail, remedy=remedy, errors=[FieldError("query.status", detail)])
        if self.q is not None:
            found["q"] = f"%{_SPECIAL.sub(_ESCAPED, self.q)}%"
        return found


def where(given: frozenset[str], sort: Sort) -> list[str]:
    """The index by urgency has only what is pending: that is found by the word, not by a parameter."""
    conditions = {**_CONDITIONS, "status": "status = 'pending'"} if sort is Sort.URGENT else _CONDITIONS
    return [conditions[name] for name in sorted(given)]


_SCORE: Final = """(
    SELECT e.score FROM evaluations e WHERE e.draft_id = reviews.draft_id ORDER BY e.created_at DESC, e.id DESC LIMIT 1
)"""
_BAR: Final = """(
    SELECT coalesce((w.manual_options ->> 'quality_bar')::integer, 80)
    FROM platform_states p JOIN workflows w ON w.id = p.workflow_id WHERE p.id = reviews.thread_id
)"""
_CONDITIONS: Final = {
    "status": "status = :status",
    "platform": "platform = :platform",
    "workflow_id": "thread_id IN (SELECT id FROM platform_states WHERE workflow_id = :workflow_id)",
    "project_id": "thread_id IN (SELECT p.id FROM workflows w JOIN platform_states p ON p.workflow_id = w.id"
    " WHERE w.project_id = :project_id)",
    "assignee_id": "assignee_id = :assignee_id",
    "unassigned": "assignee_id IS NULL",
    "min_score": f"{_SCORE} >= :min_score",
    "max_score": f"{_SCORE} <= :max_score",
    "at_bar": f"{_SCORE} >= {_BAR}",
    "below_bar": f"{_SCORE} < {_BAR}",
    "created_before": "created_at < :created_before",
    "created_after": "created_at >= :created_after",
    "q": "(SELECT d.content ILIKE :q OR d.metadata ->> 'title' ILIKE :q FROM drafts d WHERE d.id = reviews.draft_id)",
}
"""By the filters' names. What looks into drafts asks one review after the other, until the page is full."""
_DUE: Final = "coalesce(due_at, 'infinity')"
ORDERS: Final = {
    Sort.NEWEST: pages.NEWEST,
    Sort.URGENT: pages.Order(
        f"{_DUE}, created_at, id",
        f"({_DUE}, created_at, id) > (coalesce(CAST(:after_due_at AS timestamptz), 'infinity'), :after_created_at,"
        " :after_id)",
    ),
}
