"""What became of a newsletter, reader by reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.crypto import Keyring
from models import EmailDelivery, PublishingJob, Subscriber
from models.mailing import DeliveryOutcome
from services import pages, rows
from services.mail import subscribers


@dataclass(frozen=True, slots=True)
class Sent:
    """One reader's copy of a newsletter; `email` is None once the subscriber was deleted."""

    id: UUID
    email: str | None
    outcome: DeliveryOutcome
    detail: str | None
    tries: int
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime


async def browse(
    session: AsyncSession,
    keyring: Keyring,
    job_id: UUID,
    wanted: pages.Wanted,
    outcome: DeliveryOutcome | None = None,
) -> pages.Slice[Sent]:
    """Raises NotFound."""
    await rows.find(session, PublishingJob, job_id, "publishing job")
    statement = select(EmailDelivery).where(EmailDelivery.publishing_job_id == job_id)
    if outcome is not None:
        statement = statement.where(EmailDelivery.outcome == outcome)
    found = await pages.page(session, statement, (EmailDelivery.created_at, EmailDelivery.id), wanted)
    known = [row.subscriber_id for row in found.items if row.subscriber_id is not None]
    who = await session.scalars(select(Subscriber).where(Subscriber.id.in_(known)))
    emails = {row.id: subscribers.shown(row, keyring).email for row in who}
    return pages.Slice([_sent(row, emails) for row in found.items], found.next)


def _sent(row: EmailDelivery, emails: Mapping[UUID, str]) -> Sent:
    return Sent(
        id=row.id,
        email=emails.get(row.subscriber_id) if row.subscriber_id else None,
        outcome=DeliveryOutcome(row.outcome),
        detail=row.detail,
        tries=row.tries,
        due_at=row.due_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
