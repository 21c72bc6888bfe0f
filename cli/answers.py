"""What the command line reads of the service's answers. Fields that it does not show pass through `--json` untouched."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.content import Media


class Answer(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    def as_sent(self) -> dict[str, Any]:
        dumped: dict[str, Any] = self.model_dump(mode="json", exclude_unset=True)
        return dumped


class Violation(Answer):
    field: str
    message: str
    remedy: str


class Finding(Answer):
    quote: str = ""
    instruction: str = ""


class Place(Answer):
    kind: str
    label: str | None = None


class Ground(Answer):
    """What a sentence of a draft rests on."""

    quote: str
    passage: int
    """0 is the source's title."""
    source_quote: str
    place: Place | None = None


class Evaluation(Answer):
    score: int
    feedback: str | None = None
    criteria_scores: dict[str, int] | None = None
    findings: dict[str, Finding] | None = None
    violations: list[Violation] = Field(default_factory=list)
    ungrounded: list[Finding] = Field(default_factory=list)
    model: str | None = None


class Draft(Answer):
    id: UUID
    content: str
    metadata: dict[str, Any] = Field(default_factory=dict)
    media: list[Media] = Field(default_factory=list)
    source: str = "ai"
    sequence: int = 0
    provenance: list[Ground] = Field(default_factory=list)
    model: str | None = None


class Trouble(Answer):
    """Why a job is not out: for people, with what to do."""

    detail: str = ""
    remedy: str | None = None


class Job(Answer):
    id: UUID
    status: str
    simulated: bool = False
    scheduled_for: datetime | None = None
    url: str | None = None
    error: Trouble | None = None


class Thread(Answer):
    thread_id: UUID
    platform: str
    status: str
    active_draft: Draft | None = None
    evaluation: Evaluation | None = None
    pending_review_id: UUID | None = None
    publishing_job: Job | None = None
    url: str | None = None
    error: str | None = None

    @property
    def moves(self) -> bool:
        """Something will come of it without anybody's doing."""
        if self.status == "accepted":
            return self.publishing_job is None or self.publishing_job.status != "held"
        if self.status == "publishing":
            return self.publishing_job is None or self.publishing_job.status != "unknown"
        return self.status in {"generating", "evaluating"}


class Workflow(Answer):
    id: UUID
    status: str
    threads: list[Thread]

    def thread(self, thread_id: UUID) -> Thread:
        return next(thread for thread in self.threads if thread.thread_id == thread_id)


class ReviewItem(Answer):
    id: UUID
    workflow_id: UUID
    thread_id: UUID
    platform: str
    status: str
    created_at: datetime
    due_at: datetime | None = None


class Account(Answer):
    id: UUID
    username: str
    simulated: bool = False


class Review(ReviewItem):
    """`preview` is the draft as its platform shows it: plain text but for keys named `html`."""

    seen_hash: str
    draft: Draft
    preview: dict[str, Any]
    evaluation: Evaluation | None = None
    earlier_drafts: list[Draft] = Field(default_factory=list)
    allowed: list[str]
    refusal: Trouble | None = None
    account: Account | None = None
    schedule_for: datetime | None = None


class Page(Answer):
    items: list[ReviewItem]
    next_cursor: str | None


class Measured(Answer):
    """A text as its platform counts it."""

    length: int
    max_length: int
    unit: str
    violations: list[Violation]
    cost_usd: Decimal


class Event(Answer):
    """One of the stream; which fields it has depends on its type."""

    type: str
    thread_id: UUID | None = None
    platform: str | None = None
    status: str | None = None
    error: Any = None
    text: str = ""
    sequence: int = 0
    score: int = 0
    violations: int = 0
    url: str | None = None
    simulated: bool = False
