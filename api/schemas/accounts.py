"""Accounts on platforms. Credentials go in and never come out."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from api.schemas.common import Answer, Body, Facts, Money, Time
from core.content import Content, Media
from models import AccountStatus
from platforms.base import Platform
from platforms.registry import PlatformName
from services.delivery.measuring import Measure, Remaining

BaseUrl = Annotated[
    str, StringConstraints(max_length=255, pattern=r"^(https?|smtps?)://[^\s/?#@]+(/[^\s?#]*)?$")
]
"""It is also what the account is called on its platform, whose ids have at most 255 characters."""
Secret = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]


class AccountIn(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "platform": "blog",
                    "url": "https://blog.example.com",
                    "credentials": {"admin_api_key": "6489…:8d4c…"},
                }
            ]
        }
    )

    platform: PlatformName
    url: BaseUrl | None = Field(
        None,
        description="Where the blog is, or the mail server (smtp:// or smtps://); others are where they are.",
    )
    credentials: dict[str, Secret] = Field(
        max_length=20, description="By the names that GET /v1/platforms lists."
    )


class AccountOut(Answer):
    id: UUID
    platform: PlatformName
    platform_user_id: str
    username: str
    display_name: str | None
    avatar_url: str | None
    base_url: str | None
    status: AccountStatus
    error_message: str | None
    simulated: bool
    token_expires_at: Time | None
    user_id: UUID | None = Field(description="Who connected it.")
    created_at: Time
    updated_at: Time


class AccountBrief(Answer):
    id: UUID
    username: str
    display_name: str | None
    status: AccountStatus
    simulated: bool


class CredentialOut(Answer):
    name: str
    label: str
    secret: bool
    required: bool
    hint: str


class QuotaOut(Answer):
    bucket: str
    limit: int
    window_seconds: int


class PlatformOut(Answer):
    name: PlatformName
    label: str
    unit: str = Field(description="What a text's length is counted in.")
    max_length: int
    title_required: bool
    title_max: int | None
    excerpt_max: int | None
    tags_max: int | None
    media_max: int
    quotas: list[QuotaOut]
    credentials: list[CredentialOut]
    needs_url: bool = Field(description="Each account says where it is.")

    @classmethod
    def of(cls, platform: Platform) -> Self:
        policy = platform.policy
        return cls(
            name=PlatformName(platform.name),
            label=policy.label,
            unit=policy.unit,
            max_length=policy.max_length,
            title_required=policy.title_required,
            title_max=policy.title_max,
            excerpt_max=policy.excerpt_max,
            tags_max=policy.tags_max,
            media_max=policy.media_max,
            quotas=[QuotaOut.model_validate(quota) for quota in policy.quotas],
            credentials=[CredentialOut.model_validate(field) for field in platform.credentials],
            needs_url=platform.url is None,
        )


class ContentIn(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"platform": "x", "content": "Start-up is four times as fast."}]}
    )

    platform: PlatformName
    content: Annotated[str, StringConstraints(max_length=1_000_000)]
    metadata: Facts = Field(default_factory=dict, description="title, excerpt, tags and so on.")
    media: list[Media] = Field(default_factory=list, max_length=100)

    @property
    def says(self) -> Content:
        return Content(content=self.content, metadata=self.metadata, media=tuple(self.media))


class ViolationOut(Answer):
    code: str
    field: str = Field(description="JSON pointer: `/content`, `/metadata/title`, `/media/0`.")
    message: str
    remedy: str


class RemainingOut(Answer):
    account_id: UUID
    username: str
    simulated: bool
    bucket: str
    limit: int
    window_seconds: int
    remaining: int
    resets_at: Time | None = Field(description="null: nothing is counted at the moment.")
    blocked_until: Time | None = Field(description="The platform told this account to wait.")


class MeasureOut(Answer):
    platform: PlatformName
    valid: bool = Field(description="It may go out as it is.")
    length: int = Field(description="Of the text; of a thread's longest part.")
    lengths: list[int] = Field(description="Of each part: one, but for a thread.")
    max_length: int
    unit: str
    violations: list[ViolationOut]
    cost_usd: Money = Field(description="What the platform charges for it, as far as is known.")
    quota: list[RemainingOut] = Field(description="What each connected account may still post.")

    @classmethod
    def of(cls, found: Measure, quota: list[Remaining]) -> Self:
        return cls(
            platform=PlatformName(found.policy.platform),
            valid=not found.violations,
            length=found.length,
            lengths=[*found.lengths],
            max_length=found.policy.max_length,
            unit=found.policy.unit,
            violations=[ViolationOut.model_validate(each) for each in found.violations],
            cost_usd=found.cost_usd,
            quota=[RemainingOut.model_validate(each) for each in quota],
        )
