"""What people have taught their writer: rules that their edits suggest, or that they have written themselves."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Tenant, at_most, never_negative, newest_first, platform_name, sparse, state


class RuleStatus(StrEnum):
    """Only `active` ones are told to a writer. What is `dropped` is not proposed again."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    DROPPED = "dropped"


class RuleScope(StrEnum):
    """Of whose workflows: those of the rule's user, or of everybody."""

    USER = "user"
    WORKSPACE = "workspace"


class StyleRule(Tenant, Base):
    """`user_id` is whose edits suggest it, or who has written it. `kind` and `subject` are what services.style.style_habits
    saw, NULL where a person has written it; `before` and `after` show it in one of those edits."""

    __tablename__ = "style_rules"
    __table_args__ = (
        sparse("user_id"),
        sparse("decided_by"),
        Index(
            "uq_style_rules_habit",
            "workspace_id",
            "user_id",
            "platform",
            "kind",
            "subject",
            unique=True,
            postgresql_where=text("kind IS NOT NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        at_most("before", 5000),
        at_most("after", 5000),
        *never_negative("edits"),
        platform_name(),
    )

    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    scope: Mapped[RuleScope] = mapped_column(state(RuleScope, "scope"), server_default=RuleScope.WORKSPACE)
    platform: Mapped[str | None] = mapped_column(String(20))
    """NULL: all."""
    kind: Mapped[str | None] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(200), server_default=text("''"))
    rule: Mapped[str] = mapped_column(String(500))
    before: Mapped[str | None]
    after: Mapped[str | None]
    edits: Mapped[int] = mapped_column(server_default=text("0"))
    """In which it was seen."""
    status: Mapped[RuleStatus] = mapped_column(
        state(RuleStatus, "status"), server_default=RuleStatus.PROPOSED
    )
    version: Mapped[int] = mapped_column(server_default=text("1"))
    earlier: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    """Wordings before this one, oldest first: {version, rule, until}."""
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]


newest_first(StyleRule, "workspace_id", "status")
newest_first(StyleRule, "workspace_id")
