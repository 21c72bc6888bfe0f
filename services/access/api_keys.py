"""Keys for programs. A key acts for its user in one workspace, within its scopes and the user's role of the moment."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.crypto import API_KEY_PREFIX, hash_token, new_api_key
from core.errors import Forbidden
from core.principal import Principal, Scope
from models import ApiKey
from services import clock, pages, rows

_SHOWN = len(API_KEY_PREFIX) + 6


async def create(
    session: AsyncSession,
    principal: Principal,
    *,
    name: str,
    scopes: Collection[Scope],
    expires_at: datetime | None,
) -> tuple[ApiKey, str]:
    """The key's row and its secret, which is not kept. Raises Forbidden for a scope that the calling key lacks."""
    if principal.scopes is not None and (missing := sorted(set(scopes) - principal.scopes)):
        raise Forbidden(
            f"A key cannot give what it has not: {', '.join(missing)}.",
            remedy="Make the key while signed in as a person.",
        )
    if expires_at is not None:
        await clock.check_ahead(session, expires_at, "/expires_at")
    secret = new_api_key()
    key = ApiKey(
        workspace_id=principal.workspace_id,
        user_id=principal.user_id,
        name=name,
        prefix=secret[:_SHOWN],
        key_hash=hash_token(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    session.add(key)
    await session.flush()
    await session.refresh(key)
    return key, secret


async def browse(session: AsyncSession, wanted: pages.Wanted) -> pages.Slice[ApiKey]:
    """Those of the whole workspace, revoked ones too."""
    return await pages.page(session, select(ApiKey), (ApiKey.created_at, ApiKey.id), wanted)


async def revoke(session: AsyncSession, key_id: UUID) -> None:
    """At once and for good; once more changes nothing."""
    key = await rows.find(session, ApiKey, key_id, "API key")
    if key.revoked_at is None:
        await rows.change(session, key, {"revoked_at": func.now()})
