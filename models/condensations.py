"""What models made of the pieces of long sources, for every platform that asks the same of the same piece."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Tenant, never_negative, reference, sparse


class Condensation(Tenant, Base):
    """Without `notes` it is the claim of the thread that reads the piece just now, for as long as its worker holds it in
    that `epoch`. The prompt holds the piece, so its hash tells both."""

    __tablename__ = "condensations"
    __table_args__ = (
        reference("thread_id", "threads", "SET NULL"),
        UniqueConstraint("workspace_id", "prompt_hash", "model"),
        sparse("thread_id"),
        Index(None, "created_at"),
        *never_negative("epoch"),
    )

    model: Mapped[str] = mapped_column(String(255))
    prompt_hash: Mapped[str] = mapped_column(String(64))
    notes: Mapped[list[Any] | None]
    """As graphs.state.NoteRecord."""
    thread_id: Mapped[UUID | None]
    """Who paid for it."""
    epoch: Mapped[int] = mapped_column(BigInteger)
