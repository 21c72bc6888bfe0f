"""What a model may answer. Anything else is malformed and asked for again: nothing is clipped into shape."""

from typing import Annotated

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


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Post(Answer):
    content: Words


class Article(Answer):
    title: Words
    content: Words
    excerpt: Text
    tags: list[Text]
    keywords: list[Text]


class Opinion(Answer):
    """The reasons come before the number: a model that has quoted and advised scores more soberly."""

    quote: Text
    instruction: Words
    score: int = Field(ge=0, le=100)


class Judgment(Answer):
    platform_appropriateness: Opinion
    style_consistency: Opinion
    clarity: Opinion
    engagement: Opinion
    grammar: Opinion
    feedback: Text

    def opinions(self) -> dict[Criterion, Opinion]:
        return {criterion: getattr(self, criterion) for criterion in CRITERIA}
