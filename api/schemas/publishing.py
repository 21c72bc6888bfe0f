"""Publishing jobs, their attempts, and what came of them."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AliasChoices, AliasPath, ConfigDict, Field, JsonValue, StringConstraints

from api.schemas.common import Answer, Body, Facts, Future, Time
from core.content import Media
from models import AttemptKind, AttemptOutcome, ContentType, JobStatus, ReviewDecision, TakedownStatus
from platforms.registry import PlatformName
from services.delivery.ledger import Detail, Remedy

Link = Annotated[str, StringConstraints(max_length=255, pattern=r"^https?://[^\s/]\S*$")]
"""Where a post is, as a person says it; it then serves as the post's id on the platform, too."""
_ACCOUNT = AliasChoices("connected_account_id", "account_id")


class JobErrorOut(Answer):
    code: str
    detail: str
    remedy: str | None = None


class JobOut(Answer):
    id: UUID
    workflow_id: UUID
    thread_id: UUID
    draft_id: UUID
    review_id: UUID
    account_id: UUID | None = Field(validation_alias=_ACCOUNT)
    platform: PlatformName
    status: JobStatus
    simulated: bool = Field(description="Nothing of it is on the real platform.")
    scheduled_for: Time | None
    published_at: Time | None
    url: str | None = Field(None, validation_alias=AliasChoices(AliasPath("response_data", "url"), "url"))
    error: JobErrorOut | None
    created_at: Time
    updated_at: Time


class AttemptOut(Answer):
    id: UUID
    kind: AttemptKind
    started_at: Time
    ended_at: Time | None
    outcome: AttemptOutcome | None = Field(description="null: the process ended before it was known.")
    evidence: Facts


class OriginOut(Answer):
    """What the words were made from."""

    type: str
    title: str | None
    url: str | None
    opening: str | None


class JobItem(JobOut):
    title: str | None
    opening: str = Field(description="The first of the words.")
    account_name: str | None
    source: OriginOut
    decided_by_name: str | None = Field(description="Who approved it; null: has left the workspace.")
    pending_review_id: UUID | None = Field(description="The thread's.")
    post_id: UUID | None
    remedies: list[Remedy] = Field(description="What can be done about it, the likeliest first.")


class ApprovalOut(Answer):
    decision: ReviewDecision
    decided_by: UUID | None
    decided_by_name: str | None
    decided_at: Time
    comment: str | None
    bound: bool = Field(description="It named what it had seen.")
    approved_hash: str
    content: str = Field(description="What was approved, and so what is sent.")
    metadata: Facts
    media: list[Media]


class JobDetail(JobItem):
    approval: ApprovalOut
    attempts: list[AttemptOut]
    receipt: dict[str, JsonValue] | None = Field(description="What the platform answered.")

    @classmethod
    def of(cls, found: Detail) -> Self:
        job = {name: getattr(found.job, name) for name in JobItem.model_fields}
        approval = {
            name: getattr(found if hasattr(found, name) else found.job, name)
            for name in ApprovalOut.model_fields
        }
        return cls.model_validate(
            {**job, "approval": approval, "attempts": found.attempts, "receipt": found.response}
        )


class RescheduleIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"scheduled_for": "2030-05-01T09:00:00+02:00"}]}
    )

    scheduled_for: Future


class RetryIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    account_id: UUID | None = Field(None, description="Needed where the job has no account yet.")


class ReconcileIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{}, {"outcome": "published", "url": "https://x.com/ada/status/1"}]}
    )

    outcome: Literal["published", "absent"] | None = Field(
        None, description="What you saw on the platform; without it the platform is asked again."
    )
    url: Link | None = Field(None, description="Where it is; needed with `published`.")
    send_again: bool = Field(
        True, strict=True, description="With `absent`: false cancels the job instead of sending it."
    )


class PostOut(Answer):
    id: UUID
    platform: PlatformName
    platform_post_id: str
    account_id: UUID | None
    account_name: str | None
    publishing_job_id: UUID | None = Field(validation_alias=AliasChoices("job_id", "publishing_job_id"))
    workflow_id: UUID | None
    source: OriginOut | None
    approved_by_name: str | None
    campaign_id: UUID | None
    content_type: ContentType
    title: str | None
    text: str | None
    url: str | None
    published: bool
    takedown_status: TakedownStatus
    can_take_down: bool = Field(description="By its platform; otherwise only a person can, there.")
    takedown_problem: str | None = Field(description="Why the last try to take it down did not succeed.")
    simulated: bool
    published_at: Time
    created_at: Time
    updated_at: Time
