"""What workspaces keep to write from: projects and their files, campaigns, resources, templates."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Numeric,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    Base,
    Json,
    Row,
    Tenant,
    anchor,
    at_most,
    never_negative,
    newest_first,
    reference,
    state,
)


class Project(Tenant, Base):
    __tablename__ = "projects"
    __table_args__ = (anchor(), at_most("description", 5000))

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None]


class CampaignStatus(StrEnum):
    PLANNED = "planned"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"


class Campaign(Tenant, Base):
    __tablename__ = "campaigns"
    __table_args__ = (
        anchor(),
        at_most("objective", 5000),
        *never_negative("budget_usd"),
        CheckConstraint("ends_on >= starts_on", name="dates"),
    )

    name: Mapped[str] = mapped_column(String(200))
    objective: Mapped[str | None]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    budget_usd: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    status: Mapped[CampaignStatus] = mapped_column(
        state(CampaignStatus, "status"), server_default=CampaignStatus.PLANNED
    )


class ExtractionStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class File(Tenant, Base):
    """`path` is `{user_id}/{project_id}/{uuid}.{ext}` in the object store, `name` what the file was called where it came
    from."""

    __tablename__ = "files"
    __table_args__ = (
        anchor(),
        reference("project_id", "projects", "CASCADE"),
        Index(None, "project_id", "user_id"),
        Index(None, "user_id"),
        Index(
            "ix_files_unread",
            "updated_at",
            postgresql_where=text("extraction_status IN ('pending', 'processing')"),
        ),
        *never_negative("size_bytes"),
    )

    project_id: Mapped[UUID]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(255))
    path: Mapped[str] = mapped_column(String(500), unique=True)
    mime_type: Mapped[str] = mapped_column(String(255))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    public_url: Mapped[str | None] = mapped_column(String(2048))
    extraction_status: Mapped[ExtractionStatus] = mapped_column(
        state(ExtractionStatus, "extraction_status"), server_default=ExtractionStatus.PENDING
    )
    error: Mapped[str | None] = mapped_column(String(2000))
    retryable: Mapped[bool] = mapped_column(server_default=false())
    """Of what failed: whether another try may get its text."""


class ResourceType(StrEnum):
    STYLE_SAMPLE = "style_sample"
    REFERENCE = "reference"
    IMAGE = "image"


class Resource(Tenant, Base):
    """`metadata` holds title, platform and tags."""

    __tablename__ = "resources"
    __table_args__ = (Index(None, "user_id"), at_most("content", 1_000_000))

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    type: Mapped[ResourceType] = mapped_column(state(ResourceType, "type"))
    content: Mapped[str]
    metadata_: Mapped[Json] = mapped_column("metadata", server_default=text("'{}'"))


class TemplateType(StrEnum):
    BLOG = "blog"
    LINKEDIN = "linkedin"
    TWITTER = "twitter"
    INSTAGRAM = "instagram"
    EMAIL = "email"


class Template(Row, Base):
    """Shipped ones belong to no workspace and no user; everybody reads them, nobody changes them."""

    __tablename__ = "templates"
    __table_args__ = (
        UniqueConstraint("workspace_id", "user_id", "name"),
        Index(
            "uq_templates_shipped_name", "name", unique=True, postgresql_where=text("workspace_id IS NULL")
        ),
        Index(None, "user_id"),
        at_most("prompt", 20_000),
        CheckConstraint("is_custom = (workspace_id IS NOT NULL)", name="is_custom"),
    )

    workspace_id: Mapped[UUID | None] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(200))
    type: Mapped[TemplateType] = mapped_column(state(TemplateType, "type"))
    prompt: Mapped[str]
    is_custom: Mapped[bool] = mapped_column(server_default=text("true"))


newest_first(Project, "user_id")
newest_first(Project, "workspace_id")
newest_first(Campaign, "workspace_id", "status")
newest_first(File, "workspace_id")
newest_first(File, "workspace_id", "project_id", include="size_bytes")
newest_first(Resource, "workspace_id", "type")
newest_first(Resource, "workspace_id")
newest_first(Template, "workspace_id", "type")
newest_first(Template, "workspace_id")
