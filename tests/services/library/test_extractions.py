"""Getting a file's text by the queue: once, by one worker, and again when its worker is lost."""

import asyncio
import wave
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import CursorResult, text

from core.errors import ConfigurationError
from models import ExtractionStatus
from services.library import extracting, extractions
from tests.plugins.api import Api, User
from tests.plugins.documents import upload

if TYPE_CHECKING:
    from services.runtime import Runtime

MARKDOWN = b"# Tea\n\nOlder than coffee."


@dataclass
class Case:
    """A file that somebody has sent, and what a worker would do with it."""

    user: User
    runtime: "Runtime"
    file_id: UUID
    path: str

    async def extract(self, beat_seconds: float = 3.0) -> None:
        await extracting.extract(
            self.runtime, self.user.workspace_id, self.file_id, beat_seconds=beat_seconds
        )

    async def found(self) -> extractions.Found:
        async with self.runtime.db.tenant(self.user.workspace_id) as session:
            return await extractions.find(session, self.file_id)

    async def again(self) -> extractions.Found:
        async with self.runtime.db.tenant(self.user.workspace_id) as session:
            return await extractions.again(session, self.file_id)

    async def sql(self, statement: str) -> list[Any]:
        """The first column of what it returns, if it returns something."""
        async with self.runtime.db.service() as session:
            result = await session.execute(text(statement))
            return (
                [row[0] for row in result] if isinstance(result, CursorResult) and result.returns_rows else []
            )

    async def told(self) -> list[str]:
        """What the workspace's streams were told of it."""
        events = await self.sql(
            "SELECT event FROM processing_logs WHERE event ->> 'type' = 'extraction.status' ORDER BY xid, id"
        )
        assert {event["file_id"] for event in events} <= {str(self.file_id)}
        return [event["status"] for event in events]

    async def waiting(self) -> int:
        return len(
            await self.sql(
                "SELECT id FROM procrastinate_jobs WHERE task_name = 'extract' AND status = 'todo'"
            )
        )

    async def until(self, status: ExtractionStatus) -> None:
        while (await self.found()).status != status:
            await asyncio.sleep(0.01)


Send = Callable[..., Awaitable[Case]]


@pytest.fixture
def send(api: Api, runtime: "Runtime") -> Send:
    async def sent(content: bytes = MARKDOWN, name: str = "tea.md") -> Case:
        user = await api.user()
        file = await upload(user, content, name)
        return Case(user, runtime, UUID(file["id"]), file["path"])

    return sent


async def test_a_files_text_is_got_once(send: Send) -> None:
    case = await send()
    asked = await case.sql("SELECT args FROM procrastinate_jobs WHERE task_name = 'extract'")
    assert asked == [{"workspace_id": str(case.user.workspace_id), "file_id": str(case.file_id)}]
    await asyncio.gather(case.extract(), case.extract())
    await case.extract()
    found = await case.found()
    assert (found.status, found.progress, found.error) == ("completed", 100, None)
    assert (found.text, found.title) == (MARKDOWN.decode(), "Tea")
    assert found.places == [{"at": 0, "kind": "chapter", "label": "Tea", "seconds": None}]
    assert await case.told() == ["processing", "completed"]


async def test_a_picture_has_no_words_and_that_is_no_failure(send: Send) -> None:
    case = await send(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "tea.png")
    await case.extract()
    found = await case.found()
    assert (found.status, found.text, found.error) == ("completed", "", None)


async def test_what_cannot_be_read_fails_with_its_reason_and_can_be_tried_again(send: Send) -> None:
    case = await send(b"PK\x03\x04rubbish", "plan.docx")
    await case.extract()
    found = await case.found()
    assert (found.status, found.retryable) == ("failed", False)
    assert found.error is not None
    assert "damaged" in found.error
    assert await case.told() == ["processing", "failed"]

    again = await case.again()
    assert (again.status, again.error, again.progress) == ("pending", None, 0)
    assert await case.waiting() == 2
    with pytest.raises(extractions.ExtractionUnderWay):
        await case.again()


async def test_what_is_not_the_files_fault_is_tried_again_but_not_for_ever(send: Send) -> None:
    case = await send()
    case.runtime.settings = case.runtime.settings.model_copy(
        update={"storage_url": "file:///dev/null/objects"}
    )
    for _ in range(extracting.TRIES - 1):
        with pytest.raises(ConfigurationError):
            await case.extract()
        assert (await case.found()).status == "pending"
    await case.extract()
    found = await case.found()
    assert (found.status, found.text, found.retryable) == ("failed", None, True)
    assert found.error is not None
    assert "several tries" in found.error


async def test_what_a_transcriber_fails_for_is_said_in_the_end(send: Send) -> None:
    recording = BytesIO()
    with wave.open(recording, "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(bytes(range(256)) * 125)
    case = await send(recording.getvalue(), "talk.wav")
    nowhere = {"transcription_base_url": "http://127.0.0.1:9/v1", "model_retries": 0}
    case.runtime.settings = case.runtime.settings.model_copy(update=nowhere)
    await case.sql(f"UPDATE extractions SET attempts = {extracting.TRIES - 1}")
    await case.extract()
    found = await case.found()
    assert found.error is not None
    for said in ("whisper-1", "connection failed", "PROOFROOM_TRANSCRIPTION_BASE_URL", "5 times"):
        assert said in found.error


async def test_a_lost_workers_file_is_given_to_another(send: Send) -> None:
    case = await send()
    lost = asyncio.create_task(case.extract())
    await case.until(ExtractionStatus.PROCESSING)
    assert await extractions.retry_lost(case.runtime.db, case.runtime.settings) == 0
    await case.sql("UPDATE extractions SET due_at = now() - interval '1 second'")
    assert await extractions.retry_lost(case.runtime.db, case.runtime.settings) == 1
    assert await case.waiting() == 2
    await case.extract()
    await lost
    assert (await case.found()).text == MARKDOWN.decode()
    assert await case.told() == ["processing", "pending", "processing", "completed"]
    assert await case.sql("SELECT due_at FROM extractions") == [None]
    assert await extractions.retry_lost(case.runtime.db, case.runtime.settings) == 0


async def test_a_worker_is_heard_of_until_it_has_lost_its_file(send: Send) -> None:
    case = await send()
    working = asyncio.create_task(case.extract(beat_seconds=0.01))
    await case.until(ExtractionStatus.PROCESSING)
    await case.sql("UPDATE extractions SET due_at = now() - interval '1 second'")
    while await case.sql("SELECT due_at < now() FROM extractions") != [False]:
        assert not working.done()
    await case.sql("UPDATE extractions SET epoch = epoch + 1")
    await working
    assert (await case.found()).status == "processing"


async def test_a_file_that_ends_its_workers_is_given_up(send: Send) -> None:
    case = await send()
    await case.sql(f"UPDATE extractions SET attempts = {extracting.TRIES}")
    await case.extract()
    assert (await case.found()).status == "failed"


async def test_a_worker_that_ends_gives_its_file_back(send: Send) -> None:
    case = await send()
    cut_off = asyncio.create_task(case.extract())
    await case.until(ExtractionStatus.PROCESSING)
    cut_off.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cut_off
    assert (await case.found()).status == "pending"
    assert await case.sql("SELECT attempts FROM extractions") == [0]
    await case.extract()
    assert (await case.found()).status == "completed"


async def test_what_goes_meanwhile_is_gone(send: Send) -> None:
    object_gone = await send()
    (object_gone.runtime.settings.data_dir / "objects" / object_gone.path).unlink()
    await object_gone.extract()
    error = (await object_gone.found()).error
    assert error is not None
    assert "Upload it again" in error

    file_gone = await send()
    extracted = asyncio.create_task(file_gone.extract())
    await file_gone.until(ExtractionStatus.PROCESSING)
    assert (await file_gone.user.delete(f"/v1/files/{file_gone.file_id}")).status_code == 204
    await extracted
    await file_gone.extract()
    assert await file_gone.sql(f"SELECT 1 FROM extractions WHERE file_id = '{file_gone.file_id}'") == []
