"""A write that is sent twice happens once: the key is reserved and answered inside the write's own transaction."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from core.crypto import Keyring
from core.errors import FieldError, Invalid
from models import IdempotencyKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    workspace_id: UUID
    user_id: UUID
    key: str
    method: str
    path: str
    body_hash: bytes
    keep_hours: int


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str | None
    body: bytes
    location: str | None = None
    """Of what was made."""


class IdempotencyKeyReused(Invalid):
    title = "The idempotency key stands for another request"


async def reserve(session: AsyncSession, keyring: Keyring, call: Call) -> Answer | None:
    """None: the call is ours to answer. Otherwise the first answer; a twin that is under way is waited for.

    Raises IdempotencyKeyReused when the key came with another request.
    """
    fresh = {
        "user_id": call.user_id,
        "method": call.method,
        "path": call.path,
        "body_hash": call.body_hash,
        "status": None,
        "content_type": None,
        "location": None,
        "response": None,
        "expires_at": func.now() + timedelta(hours=call.keep_hours),
    }
    reservation = (
        insert(IdempotencyKey)
        .values(workspace_id=call.workspace_id, key=call.key, **fresh)
        .on_conflict_do_update(
            index_elements=[IdempotencyKey.workspace_id, IdempotencyKey.key],
            set_=fresh,
            where=IdempotencyKey.expires_at <= func.now(),
        )
        .returning(IdempotencyKey.key)
    )
    if (await session.execute(reservation)).first() is not None:
        return None
    return await answered(session, keyring, call)


async def answered(session: AsyncSession, keyring: Keyring, call: Call) -> Answer | None:
    """The answer that the call got before, if it did. Raises IdempotencyKeyReused like `reserve`."""
    row = await session.scalar(
        select(IdempotencyKey).where(
            IdempotencyKey.workspace_id == call.workspace_id,
            IdempotencyKey.key == call.key,
            IdempotencyKey.expires_at > func.now(),
        )
    )
    if row is None:
        return None
    if (row.user_id, row.method, row.path, row.body_hash) != (
        call.user_id,
        call.method,
        call.path,
        call.body_hash,
    ):
        detail = "This key was sent with another request before."
        raise IdempotencyKeyReused(
            detail,
            remedy="Take a new key for a new request.",
            errors=[FieldError("header.Idempotency-Key", detail)],
        )
    assert row.status is not None, "only answered calls are ever committed"
    body = keyring.decrypt(row.response, _context(call)) if row.response is not None else b""
    return Answer(row.status, row.content_type, body, row.location)


async def store(session: AsyncSession, keyring: Keyring, call: Call, answer: Answer) -> None:
    """In the transaction that reserved the key. Encrypted: an answer may hold a secret that is shown once."""
    await session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.workspace_id == call.workspace_id, IdempotencyKey.key == call.key)
        .values(
            status=answer.status,
            content_type=answer.content_type,
            location=answer.location,
            response=keyring.encrypt(answer.body, _context(call)) if answer.body else None,
        )
    )


def _context(call: Call) -> str:
    return f"idempotency_keys.response:{call.workspace_id}:{call.key}"
