"""Feeds that are followed, and their entries."""

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from api.schemas.common import Answer, Body, Patch, Time, filled
from api.schemas.workflows import Url
from models import FeedEntryStatus, FeedStatus
from services.syndication.feed_rules import Rule, Words
from services.syndication.feeds import MAX_BACKFILL

OPENING: Final = 300
"""Characters of an entry that are shown."""
_EXAMPLE: Final[dict[str, JsonValue]] = {
    "url": "https://example.com/feed.xml",
    "rule": {"platforms": ["linkedin", "x"], "include": ["release"], "max_per_day": 3},
}


class FeedIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    url: Url = Field(description="Of an RSS or Atom feed, or of a page that names one.")
    rule: Rule
    backfill: int = Field(
        0,
        ge=0,
        le=MAX_BACKFILL,
        strict=True,
        description="So many of the newest matching entries start at once.",
    )


class FeedPatch(Patch):
    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "paused"}]})

    title: Annotated[str, filled(500)] = Field(default_factory=str)
    rule: Rule = Field(
        default_factory=lambda: Rule.model_construct(platforms=()), description="The whole of it."
    )
    status: Literal["active", "paused"] = "active"


class FeedPreviewIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"url": _EXAMPLE["url"]}]})

    url: Url
    include: Words = ()
    exclude: Words = ()


def _opening(text: str) -> str:
    return text if len(text) <= OPENING else f"{text[:OPENING]}…"


class EntryBrief(Answer):
    title: str | None
    url: str | None
    text: Annotated[str, AfterValidator(_opening)] = Field(description="How it begins.")
    published_at: Time | None


class PreviewedEntryOut(EntryBrief):
    matches: bool = Field(description="Of these words.")


class FeedPreviewOut(Answer):
    url: str = Field(description="The feed's own address.")
    title: str | None
    site_url: str | None
    interval_seconds: int
    entries: list[PreviewedEntryOut] = Field(description="The newest.")


class FeedOut(Answer):
    id: UUID
    url: str = Field(description="Where a feed has moved for good, the new address.")
    title: str | None
    site_url: str | None
    rule: Rule
    status: FeedStatus
    error: str | None = Field(description="What went wrong the last time, or why it is paused.")
    error_count: int = Field(description="In a row; after ten it is paused.")
    interval_seconds: int
    next_fetch_at: Time
    fetched_at: Time | None = Field(description="The last time with success.")
    user_id: UUID | None = Field(description="In whose name its workflows start.")
    created_at: Time
    updated_at: Time


class FeedEntryOut(EntryBrief):
    id: UUID
    feed_id: UUID
    guid: str
    status: FeedEntryStatus
    note: str | None = Field(description="Why it was skipped.")
    workflow_id: UUID | None
    started_at: Time | None
    created_at: Time


class FeedFetched(FeedOut):
    started: int = Field(description="So many workflows.")


class FeedMade(FeedOut):
    entries: list[FeedEntryOut] = Field(description="The newest.")
