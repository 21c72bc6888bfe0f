"""Workflows, their threads and drafts."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from agents.base import Source as FoundSource
from agents.base import SourceType
from api.schemas.accounts import ViolationOut
from api.schemas.common import Answer, Body, Facts, Future, Money, Time, filled, not_blank
from api.schemas.publishing import JobOut
from core.content import Media
from models import DraftSource, PlatformStatus, WorkflowMode, WorkflowStatus
from platforms.registry import PlatformName
from services.briefs import Options, StartWorkflow
from services.library.kept_sources import Kept
from services.reviewing.diffs import Op
from services.reviewing.draft_views import DraftView
from services.workflow_views import WorkflowView

Text = Annotated[str, StringConstraints(min_length=1, max_length=1_000_000), AfterValidator(not_blank)]
Url = Annotated[str, StringConstraints(max_length=2048, pattern=r"^[hH][tT][tT][pP][sS]?://[^\s/]\S*$")]


class TextSource(Body):
    type: Literal["text"]
    text: Text


class UrlSource(Body):
    type: Literal["url"]
    url: Url = Field(description="Fetched at once; only the public internet is reached.")


class FileSource(Body):
    type: Literal["file"]
    file_id: UUID = Field(description="Its text must be there: `extraction_status` is `completed`.")


class PostSource(Body):
    type: Literal["post"]
    post_id: UUID = Field(description="One of `GET /v1/posts`.")


Source = Annotated[TextSource | UrlSource | FileSource | PostSource, Field(discriminator="type")]


def _each_once(platforms: list[PlatformName]) -> list[PlatformName]:
    if len(set(platforms)) != len(platforms):
        twice = next(name for name in platforms if platforms.count(name) > 1)
        raise ValueError(f"{twice} is there twice.")
    return platforms


class WorkflowIn(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source": {
                        "type": "text",
                        "text": "We made start-up four times as fast, and here is how.",
                    },
                    "platforms": ["linkedin", "x", "blog"],
                    "options": {"tone_of_voice": "plain and exact", "quality_bar": 80},
                }
            ]
        }
    )

    source: Source | None = Field(None, description="May be missing in template mode only.")
    platforms: Annotated[list[PlatformName], AfterValidator(_each_once)] = Field(
        min_length=1, max_length=len(PlatformName), json_schema_extra={"uniqueItems": True}
    )
    mode: WorkflowMode = WorkflowMode.MANUAL
    template_id: UUID | None = None
    template_input: dict[str, Annotated[str, StringConstraints(max_length=1_000_000)]] = Field(
        default_factory=dict, max_length=100
    )
    options: Options = Field(default_factory=Options)
    project_id: UUID | None = Field(
        None, description="Without one that of the file, or the one in which the post was written."
    )
    campaign_id: UUID | None = None
    schedule_for: Future | None = Field(None, description="When the posts shall go out; by default at once.")
    external_id: Annotated[str, filled(255)] | None = Field(None, description="Your own name for it.")
    metadata: Facts = Field(
        default_factory=dict,
        max_length=50,
        description="Words of your own; plain values of up to 255 characters can be searched for.",
    )

    def brief(self, source: FoundSource | Kept | None) -> StartWorkflow:
        """`source`: what was read of it, or where it is kept."""
        rest = {name: getattr(self, name) for name in type(self).model_fields if name != "source"}
        return StartWorkflow(source=source, **rest)


class ThreadBrief(Answer):
    thread_id: UUID = Field(validation_alias=AliasChoices("thread_id", "id"))
    platform: PlatformName
    status: PlatformStatus


class StartedOut(Answer):
    id: UUID
    status: WorkflowStatus
    threads: list[ThreadBrief]


class GroundPlaceOut(Answer):
    kind: Literal["page", "slide", "chapter", "time"]
    label: str | None = Field(description="The page's or the slide's number, the chapter's title.")
    seconds: float | None = Field(description="From the beginning of a recording.")


class GroundOut(Answer):
    quote: str = Field(description="From the draft.")
    passage: int = Field(description="The number of the source's passage; 0 is its title.")
    source_quote: str = Field(description="The sentence of the passage that it rests on.")
    place: GroundPlaceOut | None = Field(
        description="Where in the file that is; null: the source has no places."
    )


class DraftOut(Answer):
    id: UUID
    platform: PlatformName
    content: str
    metadata: Facts = Field(validation_alias=AliasChoices("metadata_", "metadata"))
    media: list[Media]
    content_hash: str
    source: DraftSource
    based_on_id: UUID | None
    sequence: int
    iteration: int
    provenance: list[GroundOut] = Field(description="What its sentences rest on, in their order.")
    model: str | None = Field(description="`offline`: no language model wrote it. null: a person did.")
    checkpoint_id: str | None
    created_at: Time


class FindingOut(Answer):
    quote: str = Field(description="What the judgement rests on, from the draft.")
    instruction: str


class EvaluationOut(Answer):
    id: UUID
    draft_id: UUID
    score: int = Field(ge=0, le=100)
    feedback: str | None
    criteria_scores: dict[str, int] | None
    findings: dict[str, FindingOut] | None
    violations: list[ViolationOut]
    ungrounded: list[FindingOut] = Field(description="Claims that nothing in the source supports.")
    model: str | None = Field(description="`offline`: no language model judged it.")
    created_at: Time


class SourceOut(Answer):
    type: SourceType
    url: str | None
    title: str | None
    id: UUID | None = Field(description="Of the file or of the post.")


class ThreadOut(ThreadBrief):
    iteration: int
    active_draft: DraftOut | None
    evaluation: EvaluationOut | None = Field(description="The active draft's latest.")
    pending_review_id: UUID | None
    publishing_job: JobOut | None = Field(description="The latest.")
    url: str | None = Field(
        validation_alias=AliasPath("publishing_job", "response_data", "url"),
        default=None,
        description="Where it was published.",
    )
    error: str | None
    updated_at: Time


def _wishes(stored: dict[str, Any] | None) -> dict[str, Any]:
    """Beside what the caller wished, what it was made of is stored."""
    return {name: value for name, value in (stored or {}).items() if name in Options.model_fields}


class WorkflowOut(Answer):
    id: UUID
    status: WorkflowStatus
    mode: WorkflowMode
    source: SourceOut
    options: Annotated[Options, BeforeValidator(_wishes)]
    template_id: UUID | None
    template_input: dict[str, str] | None
    project_id: UUID | None
    campaign_id: UUID | None
    schedule_for: Time | None
    external_id: str | None
    metadata: Facts
    user_id: UUID | None
    threads: list[ThreadOut]
    cost_usd: Money = Field(description="What the language models took for it so far.")
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, view: WorkflowView) -> Self:
        return cls.model_validate(view)


class UnderstoodOut(SourceOut):
    words: int
    characters: int
    opening: str = Field(description="How it begins.")


class PlatformEstimateOut(Answer):
    platform: PlatformName = Field(validation_alias=AliasChoices(AliasPath("policy", "platform"), "platform"))
    label: str = Field(validation_alias=AliasChoices(AliasPath("policy", "label"), "label"))
    unit: str = Field(validation_alias=AliasChoices(AliasPath("policy", "unit"), "unit"))
    max_length: int = Field(validation_alias=AliasChoices(AliasPath("policy", "max_length"), "max_length"))
    model_calls_max: int
    cost_usd_max: Money | None


class CallsOut(Answer):
    model_calls_max: int
    cost_usd_max: Money | None


class EstimateOut(Answer):
    source: UnderstoodOut
    reading: CallsOut = Field(
        description="Of a source that is too long to be read at once: its pieces, once for all platforms."
    )
    platforms: list[PlatformEstimateOut]
    model_calls_max: int = Field(description="Of all of them.")
    cost_usd_max: Money | None = Field(
        description="What the drafts can cost at most, up to their review; null: a model's price is not known."
    )
    budget_left_usd: Money | None = Field(description="null: there is no budget.")


class ChangeOut(Answer):
    op: Op
    text: str


class Diff(Answer):
    changes: list[ChangeOut] = Field(
        description="`equal` and `insert` make up the newer text, `equal` and `delete` the older."
    )


class DraftDetail(DraftOut):
    evaluations: list[EvaluationOut]
    diff: list[ChangeOut] = Field(description="Word by word to the draft before; empty for the first.")

    @classmethod
    def of_view(cls, view: DraftView) -> Self:
        return cls(
            **DraftOut.model_validate(view.draft).model_dump(),
            evaluations=[EvaluationOut.model_validate(each) for each in view.evaluations],
            diff=[ChangeOut.model_validate(change) for change in view.diff],
        )
