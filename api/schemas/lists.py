"""Mailing lists, who is on them, and what became of newsletters."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator

from api.schemas.common import Answer, Body, Time, filled
from core.mailbox import ascii_address
from models import MailingList
from models.mailing import DeliveryOutcome, SubscriberStatus
from services.mail.mailing_import import LIMIT

Name = Annotated[str, filled(100)]
Address = Annotated[
    str,
    StringConstraints(max_length=254),
    AfterValidator(ascii_address),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254}),
]


Consent = Annotated[
    Annotated[str, StringConstraints(max_length=500)] | None,
    Field(description="When and how they have agreed to get it, should somebody ask one day."),
]


class ListIn(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Release notes"}]})

    name: Name = Field(description="Readers see it, as the reason why they get the mail.")


class ListPatch(ListIn):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Product news"}]})


class ListOut(Answer):
    id: UUID
    name: str
    user_id: UUID | None
    subscribed: int = Field(description="So many are mailed.")
    unsubscribed: int
    bounced: int
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, row: MailingList, counts: dict[SubscriberStatus, int]) -> Self:
        own = {name: getattr(row, name) for name in ("id", "name", "user_id", "created_at", "updated_at")}
        return cls(**own, **{status.value: count for status, count in counts.items()})


class SubscriberIn(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "email": "ada@example.com",
                    "consent": "Form on example.com, confirmed by mail on 2 May 2026",
                }
            ]
        }
    )

    email: Address
    consent: Consent = None


class SubscriberOut(Answer):
    id: UUID
    list_id: UUID
    email: str
    status: SubscriberStatus = Field(
        description="Only `subscribed` is mailed. `bounced` is of all lists of the workspace."
    )
    reason: str | None = Field(description="Why it bounced, in the mail server's words.")
    ended_at: Time | None = Field(description="When it was unsubscribed, or bounced.")
    consent: str | None = Field(description="When and how they have agreed to get it.")
    created_at: Time


class SubscribersIn(Body):
    """One of the two."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"emails": ["ada@example.com", "grace@example.com"]},
                {"csv": "email,name\nada@example.com,Ada\n"},
            ]
        }
    )

    emails: list[Address] = Field(default_factory=list, max_length=LIMIT)
    csv: str | None = Field(
        None,
        max_length=4_000_000,
        description=(
            f"At most {LIMIT:,} lines: the column titled `email`, or the first. Of others `status` (subscribed, unsubscribed, "
            "bounced) and `consent` are read."
        ),
    )
    consent: Consent = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if bool(self.emails) == (self.csv is not None):
            raise ValueError("Give either emails or csv.")
        return self


class SubscribersAdded(Answer):
    added: int
    known: int = Field(description="They were on the list already.")
    left_out: int = Field(
        description="Unsubscribed from this list or by what was sent, or bounced on any: they stay so."
    )


class BounceIn(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"email": "ada@example.com", "reason": "550 5.1.1 There is nobody of that name"}]
        }
    )

    email: Address
    reason: Annotated[str, StringConstraints(max_length=500)] | None = None


class Bounced(Answer):
    subscribers: int = Field(description="On so many lists it is mailed no more. 0: it was on none.")


class BounceReported(Answer):
    delivery_id: UUID | None = Field(
        description="null: the mail was no report of a failure, or on no newsletter of this workspace."
    )
    outcome: DeliveryOutcome | None = Field(
        description="`bounced`: there is no such address. `returned`: it may be there again; after five in a row it is given up."
    )
    subscribers: int = Field(description="On so many lists the address is mailed no more because of it.")


class EmailDeliveryOut(Answer):
    id: UUID = Field(description="Its Message-ID is this, without hyphens, @ the sender's domain.")
    email: str | None = Field(description="null once the subscriber was deleted.")
    outcome: DeliveryOutcome = Field(
        description=(
            "`deferred` is tried again; `unknown`: sent, and no answer came, so it is not sent again; `returned`: the server "
            "took it, and it came back."
        )
    )
    detail: str | None = Field(description="The mail server's words.")
    tries: int
    due_at: Time | None = Field(description="Of the next try.")
    created_at: Time
    updated_at: Time
