"""What was said in recordings, and their clips."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.schemas.common import Answer, Time
from models import ClipsStatus, ClipStatus

Seconds = Annotated[float, Field(ge=0, description="From the recording's beginning.")]


class SegmentOut(Answer):
    start: Seconds
    end: Seconds
    text: str


class ClipSearchOut(Answer):
    clips_status: ClipsStatus = Field(description="Of looking for quotable passages; `none`: not asked for.")
    clips_error: str | None = Field(description="Why none were found.")


class TranscriptionOut(ClipSearchOut):
    file_id: UUID
    model: str
    language: str | None = Field(description="BCP 47, as the model heard it.", examples=["en"])
    seconds: float = Field(description="Of the whole recording.")
    text: str = Field(description="In paragraphs.")
    segments: list[SegmentOut] = Field(description="In order; none overlaps another.")
    completed_at: Time


class ClipOut(Answer):
    id: UUID
    file_id: UUID = Field(description="The recording.")
    quote: str = Field(description="Word for word from its transcription.")
    start: Seconds
    end: Seconds
    status: ClipStatus = Field(description="`cut`: there is a file of it, at `/v1/clips/{id}/content`.")
    error: str | None = Field(description="Why it could not be cut.")
    mime_type: str | None = Field(description="Of the cut file.")
    created_at: Time
