"""Who is looking at a review just now."""

from uuid import UUID

from api.schemas.common import Answer, Time


class PresenceItem(Answer):
    user_id: UUID
    username: str
    seen_at: Time
