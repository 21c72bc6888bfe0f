"""Reviews and decisions."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints, model_validator

from api.problems import Problem
from api.schemas.accounts import AccountBrief
from api.schemas.common import Answer, Body, Facts, Future, Patch, Time, filled
from api.schemas.workflows import DraftOut, EvaluationOut, ThreadBrief
from core.content import Media
from core.principal import Via
from graphs.interrupts import Decision
from models import ReviewDecision, ReviewStatus
from platforms.registry import PlatformName
from services.reviewing import comments
from services.reviewing.review_views import ItemView, ReviewView, allowed

BULK_LIMIT = 100
Words = Annotated[str, filled(20_000)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Decision(Body):
    seen_hash: Hash = Field(description="`seen_hash` of the review as you saw it.")

    @property
    def decides(self) -> bool:
        """Something comes of it: words go out, or the thread goes on or ends."""
        return True

    def as_decision(self) -> Decision:
        return Decision.model_validate(self.model_dump(exclude={"seen_hash", "review_id"}))


class _Placed(_Decision):
    schedule_for: Future | None = Field(None, description="By default as the review proposes.")
    account_id: UUID | None = Field(None, description="By default as the review proposes.")


class AcceptIn(_Placed):
    model_config = ConfigDict(json_schema_extra={"examples": [{"decision": "accept", "seen_hash": "0" * 64}]})

    decision: Literal["accept"]


class EditIn(_Placed):
    """What is not named stays. An edit approves its own text unless `approve` is false."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"decision": "edit", "seen_hash": "0" * 64, "content": "Shorter."}]}
    )

    decision: Literal["edit"]
    content: Annotated[str, StringConstraints(max_length=1_000_000)] | None = None
    metadata: Facts | None = Field(None, description="Merged into the draft's; null removes a key.")
    media: Annotated[list[Media], Field(max_length=100)] | None = None
    approve: bool = Field(True, strict=True, description="false: the text goes back to review, scored.")

    @property
    def decides(self) -> bool:
        return self.approve

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.content is None and self.metadata is None and self.media is None:
            raise ValueError("An edit needs content, metadata or media.")
        return self


class RegenerateIn(_Decision):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"decision": "regenerate", "seen_hash": "0" * 64, "feedback": "Say what it costs."}]
        }
    )

    decision: Literal["regenerate"]
    feedback: Words = Field(description="What should be different.")


class RejectIn(_Decision):
    model_config = ConfigDict(json_schema_extra={"examples": [{"decision": "reject", "seen_hash": "0" * 64}]})

    decision: Literal["reject"]
    feedback: Words | None = None


DecisionIn = Annotated[AcceptIn | EditIn | RegenerateIn | RejectIn, Field(discriminator="decision")]


class _Named(_Decision):
    model_config = ConfigDict(json_schema_extra=None)  # the examples of one decision name no review

    review_id: UUID


class AcceptOne(AcceptIn, _Named):
    pass


class EditOne(EditIn, _Named):
    pass


class RegenerateOne(RegenerateIn, _Named):
    pass


class RejectOne(RejectIn, _Named):
    pass


class DecisionsIn(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "decisions": [
                        {
                            "review_id": "01990000-0000-7000-8000-000000000000",
                            "decision": "accept",
                            "seen_hash": "0" * 64,
                        }
                    ]
                }
            ]
        }
    )

    decisions: list[
        Annotated[AcceptOne | EditOne | RegenerateOne | RejectOne, Field(discriminator="decision")]
    ] = Field(min_length=1, max_length=BULK_LIMIT)


class ReviewPatch(Patch):
    model_config = ConfigDict(json_schema_extra={"examples": [{"due_at": "2030-05-01T09:00:00+02:00"}]})

    assignee_id: UUID | None = None
    due_at: Future | None = None


class NamesOut(Answer):
    quality_bar: int = Field(description="What the workflow wished for.")
    project_id: UUID | None
    project_title: str | None
    account_name: str | None = Field(description="Of the account that it goes out with.")
    assignee_name: str | None
    decided_by_name: str | None


class ReviewItem(Answer):
    id: UUID
    workflow_id: UUID
    thread_id: UUID
    platform: PlatformName
    status: ReviewStatus
    score: int | None
    draft_id: UUID
    title: str | None
    opening: str = Field(description="The draft's first words.")
    violation_count: int = Field(description="Rules of the platform that the draft breaks.")
    acceptable: bool = Field(description="It is pending, and its platform would take it as it is.")
    seen_hash: str = Field(description="Send it with the decision: it names what you saw.")
    schedule_for: Time | None
    assignee_id: UUID | None
    due_at: Time | None
    decision: ReviewDecision | None
    decided_by: UUID | None
    decided_at: Time | None
    created_at: Time
    names: NamesOut | None = Field(description="What people know things by; in lists with `include=names`.")

    @classmethod
    def of(cls, view: ItemView) -> Self:
        return cls.model_validate(view)


class RefusalOut(Answer):
    detail: str = Field(description="The platform's own words.")


class EarlierDraft(DraftOut):
    evaluation: EvaluationOut | None


class ReviewOut(ReviewItem):
    draft: DraftOut
    preview: dict[str, JsonValue] = Field(
        description="The draft as its platform shows it: plain text but for keys named `html`, which are sanitised."
    )
    evaluation: EvaluationOut | None
    earlier_drafts: list[EarlierDraft] = Field(description="Oldest first.")
    allowed: list[ReviewDecision]
    account: AccountBrief | None = Field(
        description="What it goes out with unless the decision names another."
    )
    accounts: list[AccountBrief] = Field(description="What it could go out with.")
    refusal: RefusalOut | None = Field(description="Why the platform sent the last text back.")
    comment: str | None
    edited: Facts | None = Field(description="What the decision changed of the draft; null: as it was.")
    approved: bool | None = Field(description="Whether the decision let it go out; null before there is one.")
    decided_via: Via | None = Field(description="`mcp`: a program decided, with a key of who is named.")

    @classmethod
    def of_view(cls, view: ReviewView, preview: dict[str, JsonValue]) -> Self:
        return cls.model_validate(
            {
                **{name: getattr(view.item, name) for name in ReviewItem.model_fields},
                "draft": view.draft,
                "preview": preview,
                "evaluation": view.evaluation,
                "earlier_drafts": view.earlier_drafts,
                "allowed": allowed(view),
                "account": view.account,
                "accounts": view.accounts,
                "refusal": view.refusal,
                "comment": view.comment,
                "edited": view.edited,
                "approved": view.approved,
                "decided_via": view.decided_via,
            }
        )


class DecidedOut(Answer):
    review: ReviewItem
    thread: ThreadBrief


class DecisionResult(Answer):
    """`status` is what the decision would have been answered with alone."""

    review_id: UUID
    status: int
    review: ReviewItem | None = None
    thread: ThreadBrief | None = None
    problem: Problem | None = None


class DecisionResults(Answer):
    items: list[DecisionResult] = Field(description="In the order of the decisions.")


class CommentIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"body": "The second paragraph is the news."}]})

    body: Annotated[str, filled(comments.LONGEST)]


class CommentOut(Answer):
    id: UUID
    review_id: UUID
    author_id: UUID | None
    author: str | None = Field(description="The username; null: who wrote it has left the workspace.")
    body: str
    created_at: Time
