"""A stream becomes an object: measured, hashed and looked at on its way, and never whole in memory."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from core.storage import Storage
from services.documents.kinds import HEAD_BYTES
from services.library.file_types import FileType, detect

_PIECE: Final = 1024 * 1024
"""A socket's 64 KiB at a time would cost a change of threads each."""


@dataclass(frozen=True, slots=True)
class Whole:
    """An object that no row names yet."""

    path: str
    type: FileType
    size: int
    sha256: bytes


@asynccontextmanager
async def received(
    storage: Storage, user_id: UUID, project_id: UUID, name: str, chunks: AsyncIterable[bytes]
) -> AsyncIterator[Whole]:
    """Stored while the block makes its row; an error in it, or in `chunks`, leaves no object."""
    pieces = _pieces(chunks)
    async with aclosing(pieces):
        head = b""
        waiting: list[bytes] = []
        async for piece in pieces:
            waiting.append(piece)
            head += piece[: HEAD_BYTES - len(head)]
            if len(head) == HEAD_BYTES:
                break
        found = detect(head, name)
        path = f"{user_id}/{project_id}/{uuid7()}.{found.extension}"
        said, size = hashlib.sha256(), 0

        async def measured() -> AsyncIterator[bytes]:
            nonlocal size
            while waiting:
                said.update(waiting[0])
                size += len(waiting[0])
                yield waiting.pop(0)
            async for piece in pieces:
                said.update(piece)
                size += len(piece)
                yield piece

        await storage.put(path, measured())
    try:
        yield Whole(path, found, size, said.digest())
    except DBAPIError:
        raise  # the commit may have been done and not answered: an object without a row is swept, the other way round is a loss
    except Exception:
        await storage.delete(path)
        raise


async def _pieces(chunks: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)
