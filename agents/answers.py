"""What a model may answer. Anything else is malformed and asked for again: nothing is clipped into shape."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from agents.base import CRITERIA, Criterion


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("NUL cannot be stored")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("blank")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Words = Annotated[Text, AfterValidator(_said)]


def _all_required(schema: dict[str, Any]) -> None:
    """Strict servers want every field named, also one that others may leave out."""
    schema["required"] = list(schema["properties"])


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=_all_required)


class Basis(Answer):
    """The writer's word for where it has something from; code looks whether it is so."""

    quote: Text
    passage: int


class Post(Answer):
    content: Words
    grounds: list[Basis] = Field(default_factory=list)


class Article(Answer):
    title: Words
    content: Words
    excerpt: Text
    tags: list[Text]
    keywords: list[Text]
    grounds: list[Basis] = Field(default_factory=list)


class Gist(Answer):
    """What is left of some passages."""

    passages: list[int] = Field(min_length=1)
    text: Words


class Digest(Answer):
    notes: list[Gist] = Field(min_length=1)


class Opinion(Answer):
    """The reasons come before the number: a model that has quoted and advised scores more soberly."""

    quote: Text
    instruction: Words
    score: int = Field(ge=0, le=100)


class Unsupported(Answer):
    quote: Text
    instruction: Words


class Judgment(Answer):
    platform_appropriateness: Opinion
    style_consistency: Opinion
    clarity: Opinion
    engagement: Opinion
    grammar: Opinion
    ungrounded: list[Unsupported] = Field(default_factory=list)
    feedback: Text

    def opinions(self) -> dict[Criterion, Opinion]:
        return {criterion: getattr(self, criterion) for criterion in CRITERIA}
