"""Who a person is to others, and how they like to write."""

from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from core.principal import Principal
from models import Profile, User
from services import rows


async def find(session: AsyncSession, principal: Principal) -> Profile:
    return await rows.find(session, Profile, principal.user_id, "profile")


async def replace(
    session: AsyncSession,
    principal: Principal,
    *,
    name: str | None,
    preferences: dict[str, Any],
    tone_of_voice: str | None,
) -> Profile:
    """The name is also what colleagues see."""
    profile = await find(session, principal)
    await session.execute(update(User).where(User.id == principal.user_id).values(display_name=name))
    changes = {"name": name, "preferences": preferences, "tone_of_voice": tone_of_voice}
    await rows.change(session, profile, changes)
    return profile
