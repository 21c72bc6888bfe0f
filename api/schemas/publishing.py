"""Publishing jobs, their attempts, and what came of them."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AliasChoices, AliasPath, ConfigDict, Field, JsonValue, StringConstraints

from api.schemas.common import Answer, Body, Facts, Future, Time
from models import AttemptKind, AttemptOutcome, ContentType, JobStatus, TakedownStatus
from platforms.registry import PlatformName

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


class JobDetail(JobOut):
    attempts: list[AttemptOut] = Field(validation_alias=AliasChoices("publishing_attempts", "attempts"))
    receipt: dict[str, JsonValue] | None = Field(
        validation_alias=AliasChoices("response_data", "receipt"), description="What the platform answered."
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


class PostOut(Answer):
    id: UUID
    platform: PlatformName
    platform_post_id: str
    account_id: UUID | None = Field(validation_alias=_ACCOUNT)
    publishing_job_id: UUID | None
    campaign_id: UUID | None
    content_type: ContentType
    title: str | None
    text: str | None = Field(validation_alias=AliasChoices("text_content", "text"))
    url: str | None
    published: bool
    takedown_status: TakedownStatus
    simulated: bool
    published_at: Time | None = Field(validation_alias=AliasChoices("created_at_platform", "published_at"))
    created_at: Time
    updated_at: Time
