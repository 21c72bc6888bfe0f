"""What there is of a file's text."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.schemas.common import Answer
from models.library import ExtractionStatus

Retryable = Annotated[
    bool,
    Field(description="Whether another try may get its text: an archive stays one. False until it failed."),
]


class PlaceOut(Answer):
    at: int = Field(description="The offset in `text`, in characters, at which it begins.")
    kind: Literal["page", "slide", "chapter", "time"]
    label: str | None = Field(
        description="A page's or slide's number, a chapter's heading, 1:02:03.", examples=["3"]
    )
    seconds: float | None = Field(description="Since the recording began; of a `time`.")


class ExtractionOut(Answer):
    file_id: UUID
    status: ExtractionStatus
    progress: int = Field(ge=0, le=100, description="Percent.")
    error: str | None = Field(description="Why it failed, and what to do.")
    retryable: Retryable
    text: str | None = Field(
        description="Markdown or plain, paragraphs apart by a blank line; once it is `completed`."
    )
    places: list[PlaceOut] | None = Field(
        description="Where pages, slides, chapters and moments begin, in order."
    )
    title: str | None
    language: str | None = Field(description="As BCP 47 has it, where the file says so.", examples=["en"])
