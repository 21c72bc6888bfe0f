"""The quotable passages of a recording: found in what was said, cut out when somebody wants to have one."""

from bisect import bisect_right
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from agents.choose import quoter_for
from agents.transcriber import Segment
from core import scratch, storage
from core.errors import Conflict, ProofroomError
from models import Clip, ClipsStatus, ClipStatus, File, Transcription
from services import metering, pages, queue, rows
from services.documents import Unreadable
from services.library import files
from services.media import ffmpeg, recordings
from services.media.ffmpeg import Window
from services.runtime import Runtime

FIND_TASK: Final = "find_clips"
CUT_TASK: Final = "cut_clip"
COUNT: Final = 10
BEFORE_SECONDS: Final = 0.15
AFTER_SECONDS: Final = 0.35
"""A clip begins and ends a little beyond the words: where in a segment they are is estimated."""
_READ_BYTES: Final = 1024 * 1024
_LATER: Final = "It could not be done just now, after several tries. Ask for it again."


class ClipNotCut(Conflict):
    title = "The clip is not cut"


async def request(session: AsyncSession, workspace_id: UUID, file_id: UUID) -> Transcription:
    """Have the best passages looked for, in place of those that were found before. Raises NotFound."""
    await recordings.find(session, file_id)
    transcription = await rows.find(session, Transcription, file_id, "transcription", lock=True)
    if transcription.clips_status != ClipsStatus.PENDING:
        await rows.change(session, transcription, {"clips_status": ClipsStatus.PENDING, "clips_error": None})
        await queue.defer(session, FIND_TASK, queue=queue.SLOW, workspace_id=workspace_id, file_id=file_id)
    return transcription


async def browse(session: AsyncSession, file_id: UUID, wanted: pages.Wanted) -> pages.Slice[Clip]:
    """The best first."""
    await files.find(session, file_id)
    statement = select(Clip).where(Clip.file_id == file_id)
    return await pages.page(session, statement, (Clip.created_at, Clip.id), wanted)


async def find(session: AsyncSession, clip_id: UUID, *, lock: bool = False) -> Clip:
    return await rows.find(session, Clip, clip_id, "clip", lock=lock)


def content(clip: Clip) -> tuple[str, str]:
    """Where its file lies, and of what type it is. Raises ClipNotCut."""
    if clip.path is None or clip.mime_type is None:
        raise ClipNotCut(
            f"There is no file of this clip: it is {clip.status}.",
            remedy=f"POST /v1/clips/{clip.id}/cut, and wait until its status is cut.",
        )
    return clip.path, clip.mime_type


async def request_cut(session: AsyncSession, clip_id: UUID) -> Clip:
    """Does nothing for one that is cut already, or is being cut."""
    clip = await find(session, clip_id, lock=True)
    if clip.status in {ClipStatus.FOUND, ClipStatus.FAILED}:
        await rows.change(session, clip, {"status": ClipStatus.PENDING, "error": None})
        await queue.defer(
            session, CUT_TASK, queue=queue.SLOW, workspace_id=clip.workspace_id, clip_id=clip.id
        )
    return clip


async def look(runtime: Runtime, workspace_id: UUID, file_id: UUID, *, last: bool) -> None:
    """`last`: it is not tried again, so that what goes wrong is written down."""
    async with runtime.db.service(workspace_id) as session:
        transcription = await _pending(session, file_id)
    if transcription is None:
        return
    meter = await metering.of_workspace(runtime.db, workspace_id)
    try:
        quotes = await quoter_for(runtime.settings).quotes(transcription.text, COUNT, meter)
    except ProofroomError as error:
        if error.retryable and not last:
            raise
        await _found(runtime, file_id, meter, failure=f"{error.detail} {error.remedy or ''}".strip())
    except Exception:
        if last:
            await _found(runtime, file_id, meter, failure=_LATER)
        raise
    else:
        await _found(runtime, file_id, meter, quotes)


async def _found(
    runtime: Runtime,
    file_id: UUID,
    meter: metering.DatabaseMeter,
    quotes: Sequence[str] = (),
    failure: str | None = None,
) -> None:
    async with runtime.db.service(meter.workspace_id) as session:
        await meter.hand_over(session)
        transcription = await _pending(session, file_id)
        if transcription is None:
            return
        transcription.clips_status = ClipsStatus.FAILED if failure else ClipsStatus.COMPLETED
        transcription.clips_error = failure
        if failure is None:
            await session.execute(delete(Clip).where(Clip.file_id == file_id))
            session.add_all(_clips(transcription, quotes))


async def cut(runtime: Runtime, workspace_id: UUID, clip_id: UUID, *, last: bool) -> None:
    """`last`: it is not tried again, so that what goes wrong is written down."""
    async with runtime.db.service(workspace_id) as session:
        clip = await session.get(Clip, clip_id)
        file = await session.get(File, clip.file_id) if clip else None
    if clip is None or file is None or clip.status != ClipStatus.PENDING:
        return
    try:
        path, mime_type = await _cut(runtime, file, Window(clip.start, clip.end))
    except Unreadable as error:
        await _fail(runtime, clip, error.reason)
    except FileNotFoundError:
        await _fail(runtime, clip, files.MISSING)
    except Exception:
        if last:
            await _fail(runtime, clip, _LATER)
        raise
    else:
        changes = {"status": ClipStatus.CUT, "path": path, "mime_type": mime_type}
        if not await _change(runtime, clip, changes):
            await storage.of(runtime.settings).delete(path)


async def _cut(runtime: Runtime, file: File, window: Window) -> tuple[str, str]:
    """Its path and its type. The object is there before its row says so: what is lost between is swept."""
    video = file.mime_type.startswith("video/")
    extension, mime_type = ("mp4", "video/mp4") if video else ("mp3", "audio/mpeg")
    path = f"{file.path.rpartition('/')[0]}/{uuid7()}.{extension}"
    store = storage.of(runtime.settings)
    with scratch.folder() as folder:
        whole, part = Path(folder, "whole"), Path(folder, f"clip.{extension}")
        await store.download(file.path, whole)
        await ffmpeg.clip(runtime.settings, whole, part, window, video=video)
        await store.put(path, _pieces(part))
    return path, mime_type


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            yield piece


async def _fail(runtime: Runtime, clip: Clip, reason: str) -> None:
    await _change(runtime, clip, {"status": ClipStatus.FAILED, "error": reason})


async def _change(runtime: Runtime, clip: Clip, changes: Mapping[str, object]) -> bool:
    """Whether it was still waiting for that."""
    async with runtime.db.service(clip.workspace_id) as session:
        found = await session.get(Clip, clip.id, with_for_update=True)
        if found is None or found.status != ClipStatus.PENDING:
            return False
        await rows.change(session, found, changes)
        return True


async def _pending(session: AsyncSession, file_id: UUID) -> Transcription | None:
    found = await session.get(Transcription, file_id, with_for_update=True)
    return found if found is not None and found.clips_status == ClipsStatus.PENDING else None


def _clips(transcription: Transcription, quotes: Sequence[str]) -> Iterator[Clip]:
    segments = recordings.segments_of(transcription)
    begins = [place.at for place in recordings.composed(segments).places]
    for rank, quote in enumerate(quotes):
        at = transcription.text.index(quote)
        start = _moment(segments, begins, at) - BEFORE_SECONDS
        end = _moment(segments, begins, at + len(quote)) + AFTER_SECONDS
        yield Clip(
            workspace_id=transcription.workspace_id,
            file_id=transcription.file_id,
            quote=quote,
            start=round(max(start, 0.0), 3),
            end=round(min(end, transcription.seconds), 3),
            # Lists have the newest first, and this one the best.
            created_at=func.now() - text(f"interval '{rank} microseconds'"),
        )


def _moment(segments: Sequence[Segment], begins: Sequence[int], at: int) -> float:
    """When the character before or after the offset `at` is said: as far into its segment as it stands in its text."""
    number = max(bisect_right(begins, at) - 1, 0)
    segment = segments[number]
    share = min((at - begins[number]) / max(len(segment.text), 1), 1.0)
    return segment.start + share * (segment.end - segment.start)
