"""Workspaces and who may do what in them; budgets and usage."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from api.schemas.auth import Email
from api.schemas.common import Answer, Body, Future, Money, MoneyIn, Patch, Time, filled
from core.principal import Role, Scope
from models.measurement import BudgetPeriod
from platforms.registry import PlatformName

Name = Annotated[str, filled(100)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](-?[a-z0-9]){1,58}$", max_length=60)]


class WorkspaceIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Newsroom"}]})

    name: Name


class WorkspacePatch(Patch):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Newsroom Berlin"}]})

    name: Name = Field(default_factory=str)
    slug: Slug = Field(default_factory=str)


class WorkspaceOut(Answer):
    id: UUID
    name: str
    slug: str
    personal: bool
    role: Role = Field(description="The caller's.")
    created_at: Time


class MemberPatch(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "reviewer"}]})

    role: Role


class MemberOut(Answer):
    user_id: UUID
    username: str
    display_name: str | None
    role: Role
    created_at: Time


class InvitationIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "grace@example.com", "role": "reviewer"}]}
    )

    email: Email | None = Field(None, description="Whom it is for; without one, whoever has the token.")
    role: Role = Role.VIEWER
    expires_in_hours: int = Field(7 * 24, ge=1, le=30 * 24, strict=True)


class InvitationOut(Answer):
    id: UUID
    email: str | None
    role: Role
    invited_by: UUID | None
    expires_at: Time
    accepted_at: Time | None
    revoked_at: Time | None
    created_at: Time


class InvitationMade(InvitationOut):
    token: str = Field(description="Shown this once. Accept with it, or register with it.")


class InvitationToken(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "the-invitation-s-token"}]})

    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ApiKeyIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "newsletter bot", "scopes": ["read", "workflows:write"]}]}
    )

    name: Name
    scopes: list[Scope] = Field(
        default_factory=lambda: [Scope.READ],
        min_length=1,
        max_length=len(Scope),
        description="`reviews:decide` is never implied by another.",
    )
    expires_at: Future | None = None


class ApiKeyOut(Answer):
    id: UUID
    user_id: UUID
    name: str
    prefix: str
    scopes: list[Scope]
    last_used_at: Time | None
    expires_at: Time | None
    revoked_at: Time | None
    created_at: Time


class ApiKeyMade(ApiKeyOut):
    key: str = Field(description="Shown this once.")


class BudgetIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"period": "month", "limit_usd": "25.00"}]})

    period: BudgetPeriod
    limit_usd: MoneyIn | None = Field(description="null lifts the limit.")


class BudgetOut(Answer):
    period: BudgetPeriod
    limit_usd: Money
    spent_usd: Money
    remaining_usd: Money
    resets_at: Time


class UsageAmount(Answer):
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: Money
    unpriced_calls: int = Field(description="Calls of models whose price is not known; they count as 0.")


class UsageLine(Answer):
    day: date
    service: str
    model: str
    platform: PlatformName | None
    amount: UsageAmount


class UsageOut(Answer):
    since: Time
    until: Time
    total: UsageAmount
    lines: list[UsageLine] = Field(description="By day (UTC), service, model and platform.")
