"""What was said in a recording, and its quotable passages."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    Base,
    InWorkspace,
    Tenant,
    anchor,
    at_most,
    never_negative,
    newest_first,
    reference,
    state,
)

SECONDS = Numeric(9, 3, asdecimal=False)


class ClipsStatus(StrEnum):
    """Of the search for quotable passages; `none`: nobody has asked for them."""

    NONE = "none"
    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"


class ClipStatus(StrEnum):
    """`found`: a passage; `pending`: it is being cut out of the recording; `cut`: there is a file of it."""

    FOUND = "found"
    PENDING = "pending"
    CUT = "cut"
    FAILED = "failed"


class Transcription(InWorkspace, Base):
    """`segments`: [{start, end, text}] in seconds, in order, none overlapping. Until `completed_at`, `pieces` holds what
    has been paid for: a list of segments for each piece of the recording from the first one on."""

    __tablename__ = "transcriptions"
    __table_args__ = (
        reference("file_id", "files", "CASCADE"),
        Index(None, "workspace_id", "file_id"),
        *never_negative("seconds"),
        at_most("clips_error", 2000),
    )

    file_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-3)
    model: Mapped[str] = mapped_column(String(100))
    language: Mapped[str | None] = mapped_column(String(35))
    seconds: Mapped[float] = mapped_column(SECONDS)
    """Of the whole recording."""
    text: Mapped[str] = mapped_column(server_default=sql("''"))
    segments: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'"))
    pieces: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'"))
    completed_at: Mapped[datetime | None]
    clips_status: Mapped[ClipsStatus] = mapped_column(
        state(ClipsStatus, "clips_status"), server_default=ClipsStatus.NONE
    )
    clips_error: Mapped[str | None]


class Clip(Tenant, Base):
    """A passage that can stand alone. `path` is its cut file in the object store."""

    __tablename__ = "clips"
    __table_args__ = (
        anchor(),
        reference("file_id", "files", "CASCADE"),
        *never_negative("start"),
        CheckConstraint('"end" >= start', name="times"),
        CheckConstraint("(status = 'cut') = (path IS NOT NULL)", name="cut"),
        at_most("quote", 5000),
        at_most("error", 2000),
    )

    file_id: Mapped[UUID]
    quote: Mapped[str]
    start: Mapped[float] = mapped_column(SECONDS)
    end: Mapped[float] = mapped_column(SECONDS)
    """Seconds from the recording's beginning."""
    status: Mapped[ClipStatus] = mapped_column(state(ClipStatus, "status"), server_default=ClipStatus.FOUND)
    error: Mapped[str | None]
    path: Mapped[str | None] = mapped_column(String(500), unique=True)
    mime_type: Mapped[str | None] = mapped_column(String(255))


newest_first(Clip, "file_id")
