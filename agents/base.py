"""What a writer and a critic are asked and answer, and the meter that every model call reports to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.content import Content
from core.policy import Policy, Violation

Criterion = Literal["platform_appropriateness", "style_consistency", "clarity", "engagement", "grammar"]
CRITERIA: Final[tuple[Criterion, ...]] = (
    "platform_appropriateness",
    "style_consistency",
    "clarity",
    "engagement",
    "grammar",
)
OFFLINE: Final = "offline"
"""The model's name on whatever the offline agents made."""


class Source(BaseModel):
    """What is worth saying: data, never instructions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["text", "url"] = "text"
    text: str
    title: str | None = None
    url: str | None = None


class Brief(BaseModel):
    """What a thread is to write, for whom and how. Missing wishes are left to the writer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Source
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


class Finding(BaseModel):
    """One criterion's score with a span quoted from the draft and the one thing to do about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: int = Field(ge=0, le=100)
    quote: str
    instruction: str


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


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    brief: Brief
    policy: Policy
    content: Content
    violations: tuple[Violation, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """A finding for each of the five criteria; code, not the model, computes the overall score."""

    findings: Mapping[Criterion, Finding]
    feedback: str
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class ModelCall:
    """What is known before a call. `max_cost_usd` is an upper bound; None: this model's price is not known."""

    id: UUID
    service: Literal["writer", "critic"]
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


class Critic(Protocol):
    async def judge(self, request: JudgeRequest, meter: Meter) -> Judgement: ...
