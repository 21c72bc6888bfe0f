"""Getting a file's text, by the queue: claimed by one worker at a time, tried again when it was not the file's fault."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from core import scratch, storage
from core.errors import ConfigurationError, ProofroomError
from models import Extraction, ExtractionStatus, File
from services.documents import Document, Unreadable, apart
from services.library.extractions import LOST_AFTER
from services.library.files import MISSING
from services.media import recordings
from services.runtime import Runtime

log = structlog.get_logger(__name__)

TRIES: Final = 5
LEASE: Final = timedelta(minutes=1)
"""After so long without a word from its worker the extraction is somebody else's."""
BEAT_SECONDS: Final = 3.0
_GAVE_UP: Final = (
    "It could not be read just now, after several tries. Try again later; if it stays so, tell the operator."
)
_AGAIN: Final = f"It was tried {TRIES} times. Have its text got again when that is done."


class Lost(Exception):
    """The extraction was claimed by another, asked for anew, or deleted."""


@dataclass(slots=True)
class Work:
    """A claimed extraction."""

    file: File
    epoch: int
    attempt: int
    progress: int = 0

    def report(self, share: float) -> None:
        self.progress = min(99, int(share * 100))


async def extract(
    runtime: Runtime, workspace_id: UUID, file_id: UUID, *, beat_seconds: float = BEAT_SECONDS
) -> None:
    """Does nothing where there is nothing to do. Raises what may go better the next time."""
    work = await _claim(runtime, workspace_id, file_id)
    if work is None:
        return
    try:
        document = await _while_held(runtime, work, beat_seconds)
    except Lost:
        log.info("extraction.lost", file_id=str(file_id))
    except Unreadable as error:
        await _end(runtime, work, ExtractionStatus.FAILED, error)
    except asyncio.CancelledError:
        await _give_back(runtime, work, counted=False)
        raise
    except Exception as error:
        if await _give_back(runtime, work, counted=True, reason=_reason(error)):
            raise
        log.exception("extraction.gave_up", file_id=str(file_id))
    else:
        await _end(runtime, work, ExtractionStatus.COMPLETED, progress=100, **asdict(document))


async def _while_held(runtime: Runtime, work: Work, beat_seconds: float) -> Document:
    """Raises Lost, Unreadable, and whatever may happen."""
    reading = asyncio.create_task(_read(runtime, work))
    beating = asyncio.create_task(_beat(runtime, work, beat_seconds))
    try:
        await asyncio.wait([reading, beating], return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            await beating
            raise Lost
        return reading.result()
    finally:
        for task in (reading, beating):
            task.cancel()
        await asyncio.gather(reading, beating, return_exceptions=True)


async def _read(runtime: Runtime, work: Work) -> Document:
    file = work.file
    if file.mime_type.startswith("image/"):
        return Document("")  # nobody looks for words in it, and nobody has to look after it
    with scratch.folder() as folder:
        path = Path(folder, "file")
        try:
            await storage.of(runtime.settings).download(file.path, path)
        except FileNotFoundError as error:
            raise Unreadable(MISSING) from error
        if file.mime_type.startswith(("audio/", "video/")):
            return await recordings.transcribe(runtime, file, path, work.report)
        return await apart.read(path, file.mime_type, work.report)


async def _beat(runtime: Runtime, work: Work, seconds: float) -> None:
    """Renews the lease and tells how far it is, until the claim is lost."""
    held = True
    while held:
        await asyncio.sleep(seconds)
        renewed = update(Extraction).where(Extraction.file_id == work.file.id, Extraction.epoch == work.epoch)
        renewed = renewed.values(progress=work.progress, due_at=func.now() + LEASE)
        try:
            async with runtime.db.service(work.file.workspace_id) as session:
                held = (await session.execute(renewed.returning(Extraction.file_id))).first() is not None
        except SQLAlchemyError as error:
            # It may be back before the lease is over; whoever has lost it by then is told so.
            log.warning("extraction.database_away", reason=str(error).splitlines()[0])


async def _claim(runtime: Runtime, workspace_id: UUID, file_id: UUID) -> Work | None:
    async with runtime.db.service(workspace_id) as session:
        found = (await session.execute(_locked(file_id))).one_or_none()
        if found is None or not (found.waits or found.due):
            return None
        if found.attempts >= TRIES:  # and each time its worker died
            await _write(session, file_id, ExtractionStatus.FAILED, _given_up(_GAVE_UP), due_at=None)
            return None
        claimed = {"epoch": found.epoch + 1, "attempts": found.attempts + 1, "progress": 0}
        await _write(session, file_id, ExtractionStatus.PROCESSING, due_at=func.now() + LEASE, **claimed)
        return Work(found.File, found.epoch + 1, found.attempts + 1)


def _reason(error: Exception) -> str:
    """What a transcriber says of itself, its owner can do something about; of this machine's settings only the operator."""
    if isinstance(error, ProofroomError) and not isinstance(error, ConfigurationError):
        return " ".join(filter(None, (error.detail, error.remedy, _AGAIN)))
    return _GAVE_UP


async def _give_back(runtime: Runtime, work: Work, *, counted: bool, reason: str = _GAVE_UP) -> bool:
    """Whether it will be tried again; what was cut off because its worker ends is not `counted`."""
    if counted and work.attempt >= TRIES:
        await _end(runtime, work, ExtractionStatus.FAILED, _given_up(reason))
        return False
    attempts = work.attempt if counted else work.attempt - 1
    await _end(runtime, work, ExtractionStatus.PENDING, attempts=attempts, due_at=func.now() + LOST_AFTER)
    return True


def _given_up(reason: str) -> Unreadable:
    return Unreadable(reason, retryable=True)


async def _end(
    runtime: Runtime, work: Work, status: ExtractionStatus, error: Unreadable | None = None, **values: Any
) -> None:
    """In a commit that only a holder of the claim can make."""
    async with runtime.db.service(work.file.workspace_id) as session:
        found = (await session.execute(_locked(work.file.id))).one_or_none()
        held = found is not None and found.epoch == work.epoch
        if held:
            await _write(session, work.file.id, status, error, **({"due_at": None} | values))
    log.info("extraction.ended", file_id=str(work.file.id), status=status.value if held else "lost")


def _locked(file_id: UUID) -> Select[File, int, int, bool, bool]:
    """The file first, as whoever deletes it does."""
    state = (
        *(File, Extraction.epoch, Extraction.attempts),
        (File.extraction_status == ExtractionStatus.PENDING).label("waits"),
        (Extraction.due_at < func.now()).label("due"),
    )
    statement = select(*state).join(Extraction, Extraction.file_id == File.id).where(File.id == file_id)
    return statement.with_for_update(of=(File, Extraction))


async def _write(
    session: AsyncSession,
    file_id: UUID,
    status: ExtractionStatus,
    error: Unreadable | None = None,
    **values: Any,
) -> None:
    told = {
        "extraction_status": status,
        "error": error and error.reason,
        "retryable": error is not None and error.retryable,
    }
    for statement in (
        update(File).where(File.id == file_id).values(told),
        update(Extraction).where(Extraction.file_id == file_id).values(values),
    ):
        await session.execute(statement, execution_options={"synchronize_session": False})
