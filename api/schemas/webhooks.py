"""Webhooks and what they were told. The secret comes out once."""

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, HttpUrl, JsonValue, StringConstraints, TypeAdapter

from api.schemas.common import Answer, Body, Patch, Time
from models import DeliveryStatus, WebhookStatus
from services.events import EventType

_ADDRESS: Final = TypeAdapter(HttpUrl)


def _address(given: str) -> str:
    """As it was given: it is called as its owner wrote it."""
    _ADDRESS.validate_python(given)
    return given


Url = Annotated[
    str,
    StringConstraints(max_length=2048, pattern=r"^https?://[^\s/?#@]+([/?][^\s#]*)?$"),
    AfterValidator(_address),
]
Events = Annotated[
    list[EventType], Field(max_length=len(EventType), description="Types of events; none named: all.")
]
_EXAMPLE: Final[dict[str, JsonValue]] = {
    "url": "https://example.com/hooks/proofroom",
    "events": ["review.requested", "post.published"],
}


class WebhookIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    url: Url
    events: Events = Field(default_factory=list)


class WebhookPatch(Patch):
    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "paused"}]})

    url: Url = Field(default_factory=str)
    events: Events = Field(default_factory=list)
    status: Literal["active", "paused"] = Field(
        "active", description="What happens while it is paused is not told to it, and can be replayed."
    )


class WebhookOut(Answer):
    id: UUID
    url: str
    events: list[EventType]
    status: WebhookStatus = Field(
        description="`disabled` by the service: it answered 410 Gone, or nothing but failures for three days."
    )
    error: str | None = Field(description="Why it is disabled.")
    failing_since: Time | None = Field(description="The first failure after the last success.")
    previous_secret_until: Time | None = Field(
        description="Until then deliveries are signed with the secret before, too."
    )
    user_id: UUID | None = Field(description="Who made it.")
    created_at: Time


class WebhookMade(WebhookOut):
    secret: str = Field(description="Shown this once. Verify `webhook-signature` with it.")


class DeliveryAttemptOut(Answer):
    at: Time
    duration_ms: int
    status: int | None = Field(description="The answer's; null where there was none.")
    error: str | None = Field(description="Why there was no answer.")
    answer: str = Field(
        description="Its first 500 characters, without what looks like a secret.", examples=["ok"]
    )


class DeliveryOut(Answer):
    id: UUID = Field(description="Its `webhook-id`, the same at each attempt.")
    webhook_id: UUID
    type: str = Field(description="The event's, or `webhook.test`.")
    workflow_id: UUID | None
    occurred_at: Time
    status: DeliveryStatus
    tries: int = Field(description="Since it was made or last replayed.")
    due_at: Time = Field(description="Of the next attempt, while it is pending.")
    created_at: Time


class DeliveryDetail(DeliveryOut):
    payload: dict[str, JsonValue] = Field(description="The body's `data`.")
    attempts: list[DeliveryAttemptOut]


class ReplayIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"since": "2026-11-20T08:00:00Z"}]})

    since: Time
    until: Time | None = Field(None, description="By default now.")
    delivered: bool = Field(False, strict=True, description="Send again what has arrived, too.")


class Replayed(Answer):
    deliveries: int = Field(description="So many are due now.")
