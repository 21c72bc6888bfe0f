"""The words that a person approves, and the hashes that hold everybody to them."""

import hashlib
import json
from datetime import UTC, datetime
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class Media(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    alt_text: str = ""


class Content(BaseModel):
    """What a draft says. `metadata` holds what is not text: title, excerpt, tags, keywords, reading_time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: str
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    media: tuple[Media, ...] = ()

    @property
    def title(self) -> str:
        title = self.metadata.get("title")
        return title if isinstance(title, str) else ""

    @property
    def tags(self) -> tuple[str, ...]:
        tags = self.metadata.get("tags")
        return tuple(str(tag) for tag in tags) if isinstance(tags, list) else ()


def content_hash(content: Content) -> str:
    """sha256 (hex) of the content's canonical JSON."""
    return _digest(_content(content))


def approved_hash(content: Content, account_id: UUID | None) -> str:
    """What an approval is bound to: the words and where they go, not when, so that moving a post keeps it."""
    return _digest({**_content(content), "account_id": _text(account_id)})


def seen_hash(content: Content, account_id: UUID | None, schedule_for: datetime | None) -> str:
    """What a reviewer saw: the words, the account and the time."""
    at = schedule_for.astimezone(UTC).isoformat() if schedule_for else None
    return _digest({**_content(content), "account_id": _text(account_id), "schedule_for": at})


def draft_id(thread_id: UUID, sequence: int, content: Content) -> UUID:
    """The same draft of the same thread always has the same id, so that a replay writes nothing twice."""
    return uuid5(thread_id, f"{sequence}:{content_hash(content)}")


def _content(content: Content) -> dict[str, JsonValue]:
    dumped: dict[str, JsonValue] = content.model_dump(mode="json")
    return dumped


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None


def _digest(value: dict[str, JsonValue]) -> str:
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
