"""Uploads that go on where they were cut off, in whichever process: parts are objects, and rows say which of them count.

Whoever moves `received` on compares it first, so that of two clients at one offset one is refused. The file's row comes
with the last step, so that it is there exactly when the upload reads as whole.
"""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from core.db import Database
from core.errors import Conflict, ProofroomError, TooLarge
from core.principal import Principal
from core.storage import Storage
from models import Upload, UploadPart
from services import pages, queue, rows
from services.library import files, projects, room
from services.library.file_receiving import received

STAGING: Final = "staging"
STAGING_TASK: Final = "delete_staging"
"""A trigger of the migrations puts it into the queue, too."""
PART_BYTES: Final = 4 * 1024 * 1024
"""What a cut connection loses at most, and what one upload holds in memory."""


class OffsetConflict(Conflict):
    title = "The upload is somewhere else"


class UploadExpired(ProofroomError):
    status = HTTPStatus.GONE
    title = "The upload has expired"


class ChecksumMismatch(ProofroomError):
    status = 460  # tus 1.0, checksum: HTTP has no such status
    title = "The checksum does not match"


@dataclass(frozen=True, slots=True)
class Checksum:
    algorithm: str
    digest: bytes


@dataclass(slots=True)
class _Step:
    """Parts that are stored and do not count yet."""

    position: int
    parts: list[UploadPart] = field(default_factory=list)

    @property
    def end(self) -> int:
        return self.position + sum(part.size for part in self.parts)


async def create(
    session: AsyncSession,
    principal: Principal,
    project_id: UUID,
    *,
    name: str,
    length: int,
    metadata: str,
    hours: int,
    room_for: int,
) -> Upload:
    """Raises NotFound and WorkspaceFull."""
    await projects.find(session, project_id)
    await room.take(session, principal.workspace_id, length, room_for)
    upload = Upload(
        workspace_id=principal.workspace_id,
        user_id=principal.user_id,
        project_id=project_id,
        name=name,
        length=length,
        metadata_=metadata,
        expires_at=func.now() + timedelta(hours=hours),
    )
    session.add(upload)
    await session.flush()
    await session.refresh(upload)
    return upload


async def browse(session: AsyncSession, project_id: UUID, wanted: pages.Wanted) -> pages.Slice[Upload]:
    """Those that are not whole and can still be gone on with."""
    await projects.find(session, project_id)
    statement = select(Upload).where(
        Upload.project_id == project_id, Upload.received < Upload.length, Upload.expires_at > func.now()
    )
    return await pages.page(session, statement, (Upload.created_at, Upload.id), wanted)


async def find(session: AsyncSession, upload_id: UUID) -> Upload:
    """Raises NotFound or UploadExpired."""
    upload = await rows.find(session, Upload, upload_id, "upload")
    if await session.scalar(select(Upload.expires_at <= func.now()).where(Upload.id == upload_id)):
        raise UploadExpired("This upload was left for too long.", remedy="Begin it anew.")
    return upload


async def end(session: AsyncSession, upload_id: UUID) -> None:
    """The parts go after the commit: a trigger puts that into the queue. The file, if it is whole, stays."""
    await session.delete(await rows.find(session, Upload, upload_id, "upload"))
    await session.flush()


async def finish_empty(session: AsyncSession, storage: Storage, principal: Principal, upload: Upload) -> None:
    """A file without bytes is whole from the start."""
    async with received(
        storage, principal.user_id, upload.project_id, upload.name, _joined(storage, [])
    ) as whole:
        await files.add(session, principal, upload.project_id, upload.name, whole, upload.id)


async def append(
    db: Database,
    storage: Storage,
    principal: Principal,
    upload_id: UUID,
    offset: int,
    chunks: AsyncIterable[bytes],
    checksum: Checksum | None,
) -> Upload:
    """In commits of its own, one for each part: what has arrived counts, whatever cuts the rest off. With a checksum
    everything counts or nothing.

    Raises NotFound, UploadExpired, OffsetConflict, TooLarge or ChecksumMismatch.
    """
    async with db.tenant(principal.workspace_id, principal.user_id) as session:
        upload = await find(session, upload_id)
    _expect(upload, offset)
    said = hashlib.new(checksum.algorithm) if checksum else None
    step = _Step(offset)
    try:
        async with aclosing(_cut(chunks)) as parts:
            async for part in parts:
                if step.end + len(part) > upload.length:
                    raise TooLarge(
                        f"The upload has {upload.length} bytes; this goes beyond them.",
                        remedy="Send what is left of the file and no more.",
                    )
                if said is not None:
                    said.update(part)
                await _store(storage, upload, step, part)
                if said is None and step.end < upload.length:
                    await _take(db, storage, principal, upload, step)
                    step = _Step(step.end)
        if checksum and said and said.digest() != checksum.digest:
            raise ChecksumMismatch("These bytes are not those that were sent.", remedy="Send them again.")
        if step.parts:
            await _take(db, storage, principal, upload, step)
    except DBAPIError:
        raise  # perhaps they count: a commit may be done and not answered
    except Exception:
        for stored in step.parts:
            await storage.delete(stored.path)
        raise
    async with db.tenant(principal.workspace_id, principal.user_id) as session:
        return await find(session, upload_id)


async def remove_staging(storage: Storage, upload_id: UUID) -> None:
    """The queue's task: what is left of an upload that is whole, was ended, or expired."""
    async for batch in storage.listing(f"{STAGING}/{upload_id}"):
        for found in batch:
            await storage.delete(found.path)


async def _store(storage: Storage, upload: Upload, step: _Step, content: bytes) -> None:
    position = step.end
    part = UploadPart(
        workspace_id=upload.workspace_id,
        upload_id=upload.id,
        position=position,
        size=len(content),
        path=f"{STAGING}/{upload.id}/{position:013}-{uuid7()}",
    )
    await storage.put(part.path, _once(content))
    step.parts.append(part)


async def _take(db: Database, storage: Storage, principal: Principal, upload: Upload, step: _Step) -> None:
    """Let the parts count; with the last ones the file is made."""
    if step.end < upload.length:
        async with db.tenant(principal.workspace_id, principal.user_id) as session:
            await _move_on(session, upload, step)
            session.add_all(step.parts)
        return
    counted = select(UploadPart.path).where(UploadPart.upload_id == upload.id).order_by(UploadPart.position)
    async with db.tenant(principal.workspace_id, principal.user_id) as session:
        paths = [*await session.scalars(counted), *(part.path for part in step.parts)]
    joined = _joined(storage, paths)
    async with (
        received(storage, principal.user_id, upload.project_id, upload.name, joined) as whole,
        db.tenant(principal.workspace_id, principal.user_id) as session,
    ):
        await _move_on(session, upload, step)
        await files.add(session, principal, upload.project_id, upload.name, whole, upload.id)
        await session.execute(delete(UploadPart).where(UploadPart.upload_id == upload.id))
        await queue.defer(session, STAGING_TASK, upload_id=upload.id)


async def _move_on(session: AsyncSession, upload: Upload, step: _Step) -> None:
    moved = (
        update(Upload)
        .where(Upload.id == upload.id, Upload.received == step.position)
        .values(received=step.end)
        .returning(Upload.id)
    )
    if (await session.execute(moved)).first() is None:
        raise _elsewhere()


def _expect(upload: Upload, offset: int) -> None:
    if upload.received != offset:
        raise _elsewhere()


def _elsewhere() -> OffsetConflict:
    return OffsetConflict(
        "The upload does not stand at this offset.",
        remedy="Ask for Upload-Offset with HEAD, and go on from there.",
    )


async def _cut(chunks: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    """In parts; what came before an error, too."""
    held = bytearray()
    try:
        async for chunk in chunks:
            held += chunk
            while len(held) >= PART_BYTES:
                part = bytes(memoryview(held)[:PART_BYTES])
                del held[:PART_BYTES]
                yield part
    except Exception:
        if held:
            yield bytes(held)
        raise
    if held:
        yield bytes(held)


async def _joined(storage: Storage, paths: list[str]) -> AsyncIterator[bytes]:
    for path in paths:
        async for piece in storage.read(path):
            yield piece


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
