"""What is said in a recording, heard piece by piece: a piece that was paid for is not paid for again."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson
from babel import Locale
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from agents.transcriber import Piece, Segment, Transcriber, Transcript, configured, transcriber
from core import scratch
from core.errors import Conflict, NotFound, ProofroomError
from models import File, Transcription
from services import metering
from services.documents import Document, Unreadable
from services.documents.document import Report, clean
from services.documents.speech import Cue, compose
from services.library import files
from services.media import ffmpeg, seams
from services.media.ffmpeg import Sound, Window
from services.runtime import Runtime

PIECE_SECONDS: Final = 600.0
"""19 MB: servers take 25."""
OVERLAP_SECONDS: Final = 15.0
_CONVERTED: Final = 0.05
"""The share of the work that is not the transcriber's."""
_TAKEN_OVER: Final = "Another worker has gone on with this recording, or its file was deleted."
_CODE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_NOT_CONFIGURED: Final = (
    "Nothing here turns speech into text. Upload the recording's subtitles (SRT or VTT) instead, or have whoever runs this "
    "service set OPENAI_API_KEY, PROOFROOM_TRANSCRIPTION_BASE_URL or PROOFROOM_TRANSCRIPTION_MODEL=local:small."
)

_HEARD = text("""
SELECT segments, language FROM transcriptions
WHERE file_id = :file_id AND model = :model AND completed_at IS NOT NULL
""")
_BEGIN = text("""
INSERT INTO transcriptions AS t (file_id, workspace_id, model, seconds)
VALUES (:file_id, :workspace_id, :model, :seconds)
ON CONFLICT (file_id) DO UPDATE SET model = EXCLUDED.model, seconds = EXCLUDED.seconds, completed_at = NULL,
    pieces = CASE WHEN t.model = EXCLUDED.model AND t.seconds = EXCLUDED.seconds THEN t.pieces ELSE '[]' END,
    language = CASE WHEN t.model = EXCLUDED.model AND t.seconds = EXCLUDED.seconds THEN t.language END
RETURNING pieces, language
""")
_KEEP = text("""
UPDATE transcriptions SET pieces = pieces || jsonb_build_array(CAST(:piece AS jsonb)),
    language = coalesce(language, :language)
WHERE file_id = :file_id AND model = :model AND completed_at IS NULL AND jsonb_array_length(pieces) = :number
RETURNING language
""")
_COMPLETE = text("""
WITH done AS (
    UPDATE transcriptions SET text = :text, segments = CAST(:segments AS jsonb), pieces = '[]', completed_at = now(),
        clips_status = 'none', clips_error = NULL
    WHERE file_id = :file_id AND model = :model AND completed_at IS NULL RETURNING file_id
), stale AS (
    DELETE FROM clips c USING done d WHERE c.file_id = d.file_id
)
SELECT file_id FROM done
""")


class TakenOver(Conflict):
    title = "Another worker transcribes this file, or it is gone"


async def transcribe(runtime: Runtime, file: File, path: Path, report: Report) -> Document:
    """`path`: the file's bytes on this machine. Raises Unreadable for what a person has to do something about, and
    other errors for what may pass: called again, it goes on where it was cut off."""
    if not configured(runtime.settings):
        raise Unreadable(_NOT_CONFIGURED, retryable=True)
    try:
        async with transcriber(runtime.settings) as model:
            known = await _known(runtime, file, model)
            segments, language = known or await _hear(runtime, file, path, model, report)
    except ProofroomError as error:
        if error.retryable or isinstance(error, Conflict):
            raise
        raise Unreadable(f"{error.detail} {error.remedy or ''}".strip(), retryable=True) from error
    return composed(segments, language)


def composed(segments: Iterable[Segment], language: str | None = None) -> Document:
    """With a place for each segment, in their order."""
    return compose((Cue(one.start, one.end, one.text) for one in segments), language)


async def find(session: AsyncSession, file_id: UUID) -> Transcription:
    """Once it is complete. Raises NotFound."""
    file = await files.find(session, file_id)
    found = await session.get(Transcription, file_id)
    if found is None or found.completed_at is None:
        if not file.mime_type.startswith(("audio/", "video/")):
            raise NotFound(f"This file is no recording but {file.mime_type}.")
        raise NotFound(
            "This file has no transcription.",
            remedy=f"Recordings have one when their extraction_status is completed; this one's is {file.extraction_status}.",
        )
    return found


async def _known(
    runtime: Runtime, file: File, model: Transcriber
) -> tuple[Sequence[Segment], str | None] | None:
    async with runtime.db.service(file.workspace_id) as session:
        found = (await session.execute(_HEARD, {"file_id": file.id, "model": model.name})).one_or_none()
    return (_segments(found.segments), found.language) if found else None


async def _hear(
    runtime: Runtime, file: File, path: Path, model: Transcriber, report: Report
) -> tuple[Sequence[Segment], str | None]:
    with scratch.folder() as folder:
        sound = await ffmpeg.hear(runtime.settings, path, Path(folder, "sound.wav"))
        report(_CONVERTED)
        cut = list(windows(sound.seconds))
        pieces, language = await _begin(runtime, file, model, sound)
        meter = await metering.of_workspace(runtime.db, file.workspace_id)
        for number, window in enumerate(cut):
            if number >= len(pieces):
                audio = await asyncio.to_thread(sound.cut, window)
                heard = await model.transcribe(Piece(audio, window.end - window.start), meter)
                pieces.append(_placed(heard, window))
                async with runtime.db.service(file.workspace_id) as session:
                    language = await _keep(session, file.id, model, number, pieces[-1], heard.language)
                    await meter.hand_over(session)
            report(1 - (1 - _CONVERTED) * (1 - (number + 1) / len(cut)))
    segments = seams.join(zip(cut, pieces, strict=True))
    document = composed(segments)
    async with runtime.db.service(file.workspace_id) as session:
        done = {"file_id": file.id, "model": model.name, "text": document.text, "segments": _json(segments)}
        if (await session.execute(_COMPLETE, done)).one_or_none() is None:
            raise TakenOver(_TAKEN_OVER)
    return segments, language


def segments_of(transcription: Transcription) -> list[Segment]:
    return _segments(transcription.segments)


def windows(seconds: float) -> Iterator[Window]:
    """What each piece holds; each begins before the one before it ends."""
    start = 0.0
    while start + PIECE_SECONDS < seconds:
        yield Window(start, start + PIECE_SECONDS)
        start += PIECE_SECONDS - OVERLAP_SECONDS
    yield Window(start, seconds)


async def _begin(
    runtime: Runtime, file: File, model: Transcriber, sound: Sound
) -> tuple[list[list[Segment]], str | None]:
    values = {"file_id": file.id, "workspace_id": file.workspace_id, "model": model.name}
    async with runtime.db.service(file.workspace_id) as session:
        found = (await session.execute(_BEGIN, {**values, "seconds": round(sound.seconds, 3)})).one()
    return [_segments(piece) for piece in found.pieces], found.language


async def _keep(
    session: AsyncSession,
    file_id: UUID,
    model: Transcriber,
    number: int,
    piece: Sequence[Segment],
    language: str | None,
) -> str | None:
    """The recording's language: that of the first piece in which somebody spoke."""
    values = {"file_id": file_id, "model": model.name, "number": number, "piece": _json(piece)}
    spoken = language_code(language) if piece else None
    kept = (await session.execute(_KEEP, {**values, "language": spoken})).one_or_none()
    if kept is None:
        raise TakenOver(_TAKEN_OVER)
    found: str | None = kept.language
    return found


def _placed(heard: Transcript, window: Window) -> list[Segment]:
    """In the recording's time; a model may imagine words after the end."""
    placed = (
        Segment(
            min(window.start + one.start, window.end),
            min(window.start + one.end, window.end),
            clean(one.text),
        )
        for one in heard.segments
        if one.start < window.end - window.start
    )
    return [one for one in placed if one.text]


def language_code(name: str | None) -> str | None:
    """As BCP 47 has it, from a code or, as Whisper says it, the language's English name."""
    wanted = (name or "").strip()
    code = _named().get(wanted.casefold())
    return code or (wanted if _CODE.fullmatch(wanted) and len(wanted.split("-")[0]) <= 3 else None)


@cache
def _named() -> dict[str, str]:
    return {name.casefold(): code for code, name in Locale("en").languages.items() if _CODE.fullmatch(code)}


def _segments(kept: Iterable[dict[str, Any]]) -> list[Segment]:
    return [Segment(**one) for one in kept]


def _json(segments: Sequence[Segment]) -> str:
    return orjson.dumps([asdict(one) for one in segments]).decode()
