"""Uploads that can be gone on with: what has arrived of a file that is not whole yet."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, InWorkspace, Tenant, anchor, at_most, newest_first, reference


class Upload(Tenant, Base):
    """The file that comes of it gets its id. The row stays until `expires_at`, so that a client that did not hear the
    last answer finds it whole. `metadata` is the client's, as it was sent."""

    __tablename__ = "uploads"
    __table_args__ = (
        anchor(),
        reference("project_id", "projects", "CASCADE"),
        Index(None, "user_id"),
        Index(None, "expires_at"),
        CheckConstraint("received BETWEEN 0 AND length", name="received"),
        at_most("metadata", 4000),
    )

    project_id: Mapped[UUID]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(255))
    metadata_: Mapped[str] = mapped_column("metadata", server_default="")
    length: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    expires_at: Mapped[datetime]


class UploadPart(InWorkspace, Base):
    """An object of its own under `staging/{upload_id}/`, until the upload is whole."""

    __tablename__ = "upload_parts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["workspace_id", "upload_id"], ["uploads.workspace_id", "uploads.id"], ondelete="CASCADE"
        ),
        Index(None, "workspace_id", "upload_id"),
        CheckConstraint("size > 0", name="size"),
    )

    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    path: Mapped[str] = mapped_column(String(200))


newest_first(Upload, "project_id")
