"""A post to be made, with a memory in place of its job's row."""

from datetime import UTC, datetime

from pydantic import JsonValue
from uuid_utils.compat import uuid7

from core.content import Content
from platforms.base import Kept, Publication


def publication_of(content: Content) -> Publication:
    """What is kept shows in its `kept` at once, as it does to the next call of a job's adapter."""
    memory: dict[str, JsonValue] = {}

    async def keep(kept: Kept) -> None:
        memory.clear()
        memory.update(kept)

    return Publication(uuid7(), content, datetime.now(UTC), memory, keep)
