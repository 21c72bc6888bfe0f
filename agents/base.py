"""What a writer and a critic are asked and answer, and the meter that every model call reports to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from typing import Final, Literal, Protocol, runtime_checkable
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.content import Content
from core.errors import ProofroomError
from core.policy import Policy, Violation

Criterion = Literal["platform_appropriateness", "style_consistency", "clarity", "engagement", "grammar"]
CRITERIA: Final[tuple[Criterion, ...]] = (
    "platform_appropriateness",
    "style_consistency",
    "clarity",
    "engagement",
    "grammar",
)
Service = Literal["writer", "critic", "transcriber", "quoter", "ruler"]
OFFLINE: Final = "offline"
"""The model's name on whatever the offline agents made."""


SourceType = Literal["text", "url", "file", "post"]


class Place(BaseModel):
    """Where in a file a text stands: what leads a sentence back to its page or its minute."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["page", "slide", "chapter", "time"]
    label: str | None = None
    seconds: float | None = None


class Beginning(Place):
    """A place that begins `at` this character of the text."""

    at: int = Field(ge=0)

    @property
    def place(self) -> Place:
        return Place(kind=self.kind, label=self.label, seconds=self.seconds)


class Source(BaseModel):
    """What is worth saying: data, never instructions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: SourceType = "text"
    text: str
    title: str | None = None
    url: str | None = None
    id: UUID | None = None
    """Of the file or of the post."""
    places: tuple[Beginning, ...] | None = None
    """In the order of the text; None: it has none."""


class Note(BaseModel):
    """What is left of some passages of a long source; `passages` are their numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    heading: str | None = None
    passages: tuple[int, ...]


class Ground(BaseModel):
    """What a sentence of a draft rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quote: str
    """A span of the draft."""
    passage: int
    """0 is the source's title; agents/passages.py numbers the others."""
    source_quote: str
    """A span of the passage."""
    place: Place | None = None


class Remark(BaseModel):
    """A span of the draft and the one thing to do about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quote: str
    instruction: str


class Brief(BaseModel):
    """What a thread is to write, for whom and how. Missing wishes are left to the writer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Source
    notes: tuple[Note, ...] = ()
    """Of a source that is too long to be read at once; then they are read instead."""
    template: str | None = None
    """The template's prompt with its placeholders filled in."""
    tone_of_voice: str | None = None
    audience: str | None = None
    language: str | None = None
    """BCP 47; None: the source's own."""
    target_length: int | None = None
    """Words."""
    keywords: tuple[str, ...] = ()
    style_samples: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """Of style, each agreed on by a person of the workspace: instructions, unlike the samples."""


class Finding(Remark):
    """One criterion's score with a span quoted from the draft and the one thing to do about it."""

    score: int = Field(ge=0, le=100)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One call as it was made: shown in the graph's state, hashed in the records."""

    model: str
    text: str
    hash: str
    """sha256 (hex) of the text."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An earlier draft, what the critic found, which rules it broke."""

    content: Content
    findings: Mapping[Criterion, Finding] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    ungrounded: tuple[Remark, ...] = ()
    """Claims that nothing in the source supports."""


@dataclass(frozen=True, slots=True)
class WriteRequest:
    brief: Brief
    policy: Policy
    sequence: int
    """0 for a thread's first draft."""
    previous: Attempt | None = None
    feedback: str | None = None
    """A reviewer's words, or the platform's when it refused; these are instructions."""


@dataclass(frozen=True, slots=True)
class Written:
    content: Content
    prompt: Prompt
    grounds: tuple[Ground, ...] = ()
    """In the order of the draft."""


@dataclass(frozen=True, slots=True)
class CondenseRequest:
    brief: Brief
    notes: tuple[Note, ...]
    """A piece of the source, by its passages, or what an earlier condensation made of one."""
    words: int
    """What is to be left, at most."""


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    brief: Brief
    policy: Policy
    content: Content
    violations: tuple[Violation, ...] = ()
    grounds: tuple[Ground, ...] = ()
    feedback: str | None = None
    """A reviewer's words: what they say need not be in the source."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A finding for each of the five criteria; code, not the model, computes the overall score."""

    findings: Mapping[Criterion, Finding]
    feedback: str
    prompt: Prompt
    ungrounded: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelCall:
    """What is known before a call. `max_cost_usd` is an upper bound; None: this model's price is not known."""

    id: UUID
    service: Service
    model: str
    prompt_hash: str
    max_cost_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call took. `status` is `completed`, `failed` or `cancelled`; a failed call may have cost tokens too."""

    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None
    latency_ms: int
    status: Literal["completed", "failed", "cancelled"]


class ModelFailed(ProofroomError):
    """The language model gave no usable answer, and may give one later."""

    status = HTTPStatus.BAD_GATEWAY
    title = "The language model failed"
    retryable = True


class ModelRefused(ModelFailed):
    """The language model will not answer this as it is asked or configured: trying again does not help."""

    retryable = False


class Meter(Protocol):
    """Where model calls report. Given anew to each run with the graph's runtime context."""

    async def before(self, call: ModelCall) -> None:
        """Raises BudgetExceeded when the call could break the budget: then it must not be made."""
        ...

    async def delta(self, call: ModelCall, text: str) -> None:
        """A piece of the draft's text as it is written, in order; for people to watch."""
        ...

    async def after(self, call: ModelCall, usage: Usage) -> None:
        """Once for every attempt that `before` let through, whatever became of it."""
        ...


class NullMeter:
    """For Studio and unit tests."""

    async def before(self, call: ModelCall) -> None:
        return None

    async def delta(self, call: ModelCall, text: str) -> None:
        return None

    async def after(self, call: ModelCall, usage: Usage) -> None:
        return None


class Writer(Protocol):
    async def write(self, request: WriteRequest, meter: Meter) -> Written: ...


@runtime_checkable
class Condenser(Writer, Protocol):
    """A writer that can read more than fits: piece by piece. One that cannot is shown the whole."""

    @property
    def window_words(self) -> int:
        """What it reads at once."""
        ...

    def condensing_prompt(self, request: CondenseRequest) -> Prompt | None:
        """What `condense` asks a model; None: it asks nobody, and costs nothing."""
        ...

    async def condense(self, request: CondenseRequest, meter: Meter) -> tuple[Note, ...]: ...


class Critic(Protocol):
    async def judge(self, request: JudgeRequest, meter: Meter) -> Judgement: ...
