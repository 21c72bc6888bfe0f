"""What a run is given beside its input, and never remembers: Studio edits `Context`, services hand in `ServiceContext`."""

from functools import cache
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SkipValidation, model_validator

from agents.base import CRITERIA, Brief, Criterion, Critic, Meter, Note, NullMeter, Source, Writer
from agents.choose import agents_for
from core.settings import settings
from graphs.state import State


class Weights(BaseModel):
    """How much each criterion counts; only their proportions matter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    platform_appropriateness: float = Field(0.2, ge=0, le=1)
    style_consistency: float = Field(0.2, ge=0, le=1)
    clarity: float = Field(0.2, ge=0, le=1)
    engagement: float = Field(0.2, ge=0, le=1)
    grammar: float = Field(0.2, ge=0, le=1)

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        if not any(self.model_dump().values()):
            raise ValueError("at least one weight must be above 0")
        return self

    def overall(self, scores: dict[Criterion, int]) -> int:
        """0-100."""
        weights: dict[Criterion, float] = {criterion: getattr(self, criterion) for criterion in CRITERIA}
        weighted = sum(weight * scores[criterion] for criterion, weight in weights.items())
        return round(weighted / sum(weights.values()))


class Context(BaseModel):
    """An option in the input wins over its field here; a field here wins over the default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    writer_model: str | None = Field(None, description="The model that writes; empty: the configured one.")
    critic_model: str | None = Field(None, description="The model that scores; empty: the configured one.")
    quality_bar: int = Field(80, ge=0, le=100, description="A draft with this score goes to the reviewer.")
    max_rounds: int = Field(3, ge=1, le=10, description="Drafts at most, counted anew after a regenerate.")
    tone_of_voice: str | None = Field(None, description="How it should sound, in a few words.")
    weights: Weights = Field(default_factory=Weights, description="How much each criterion counts.")


class ServiceContext(Context):
    """Not the graph's schema, so Studio never sees it: an instance is handed through as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    writer: SkipValidation[Writer]
    critic: SkipValidation[Critic]
    meter: SkipValidation[Meter]


def agents_of(context: Context) -> tuple[Writer, Critic, Meter]:
    """What the service handed in; else (Studio, unit tests) what the settings choose, unmetered."""
    if isinstance(context, ServiceContext):
        return context.writer, context.critic, context.meter
    return *_agents(context.writer_model or None, context.critic_model or None), NullMeter()


@cache
def _agents(writer_model: str | None, critic_model: str | None) -> tuple[Writer, Critic]:
    return agents_for(settings(), writer_model=writer_model, critic_model=critic_model)


def wishes(state: State, context: Context | None) -> Context:
    """The context with the input's options over it; raises ValidationError for a bar of 900."""
    context = context or Context()
    options = state.get("options") or {}
    over = {
        name: value for name, value in options.items() if name in Context.model_fields and value is not None
    }
    return type(context).model_validate({**dict(context), **over}) if over else context


def brief_of(state: State, wishes: Context) -> Brief:
    options = state.get("options") or {}
    return Brief(
        source=Source.model_validate(state["source"]),
        notes=tuple(Note.model_validate(note) for note in state.get("notes") or ()),
        template=options.get("template"),
        tone_of_voice=wishes.tone_of_voice,
        audience=options.get("audience"),
        language=options.get("language"),
        target_length=options.get("target_length"),
        keywords=tuple(options.get("keywords") or ()),
        style_samples=tuple(options.get("style_samples") or ()),
        rules=tuple(options.get("rules") or ()),
    )
