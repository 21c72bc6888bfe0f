"""The text of files, and how far getting it has come."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, InWorkspace, at_most, never_negative, reference, sparse


class Extraction(InWorkspace, Base):
    """Its status is the file's.

    `places` are `{"at", "kind", "label", "seconds"}`, in the order of their offsets in `text`. `due_at` is when somebody
    has to look after it: an hour after it was asked for, a minute after its worker was last heard of; NULL once it has
    ended. `epoch` counts the claims: a worker that has lost its own writes nothing.
    """

    __tablename__ = "extractions"
    __table_args__ = (
        reference("file_id", "files", "CASCADE"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        *never_negative("attempts"),
        at_most("text", 1_000_000),
        sparse("due_at"),
        Index(None, "workspace_id", "file_id"),
    )

    file_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-2)
    text: Mapped[str | None]
    places: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'"))
    title: Mapped[str | None] = mapped_column(String(500))
    language: Mapped[str | None] = mapped_column(String(35))
    progress: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    attempts: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    epoch: Mapped[int] = mapped_column(BigInteger, server_default=sql("0"))
    due_at: Mapped[datetime | None]
