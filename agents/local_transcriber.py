"""Speech to text on this machine by faster-whisper, where it is installed."""

import asyncio
import hashlib
import importlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from io import BytesIO
from threading import Lock
from typing import Any, Final, Literal

from uuid_utils.compat import uuid7

from agents.base import Meter, ModelCall, ModelFailed, ModelRefused, Usage
from agents.transcriber import LOCAL, Piece, Segment, Transcript

_FREE: Final = Decimal(0)
_ITS_ERRORS: Final = (MemoryError, OSError, RuntimeError, ValueError)
_loading = Lock()


@dataclass(frozen=True, slots=True)
class LocalTranscriber:
    name: str
    model: Any
    """faster_whisper.WhisperModel, which has no types."""

    async def transcribe(self, piece: Piece, meter: Meter) -> Transcript:
        digest = await asyncio.to_thread(lambda: hashlib.sha256(piece.audio).hexdigest())
        call = ModelCall(uuid7(), "transcriber", self.name, digest, _FREE)
        await meter.before(call)
        started = time.monotonic()
        status: Literal["completed", "failed", "cancelled"] = "failed"
        try:
            found, about = await asyncio.to_thread(self.model.transcribe, BytesIO(piece.audio))
            segments = []
            # One at a time: whoever cancels need not wait for the whole piece.
            while segment := await asyncio.to_thread(_next, found):
                segments.append(segment)
            status = "completed"
        except asyncio.CancelledError:
            status = "cancelled"
            raise
        except _ITS_ERRORS as error:
            raise ModelFailed(
                f"{self.name} broke off ({type(error).__name__}).",
                remedy="See whether this machine has the memory for it, or take a smaller model.",
            ) from error
        finally:
            latency = round((time.monotonic() - started) * 1000)
            await asyncio.shield(meter.after(call, Usage(0, 0, _FREE, latency, status)))
        return Transcript(tuple(one for one in segments if one.text.strip()), about.language)


def _next(found: Iterator[Any]) -> Segment | None:
    one = next(found, None)
    return None if one is None else Segment(float(one.start), float(one.end), str(one.text))


async def local_transcriber(name: str) -> LocalTranscriber:
    """`name` as `local:small`. Raises ModelRefused where the package or the model is missing."""
    try:
        whisper = importlib.import_module("faster_whisper")
    except ImportError as error:
        raise ModelRefused(
            f"{name} needs the package faster-whisper, which is not installed here.",
            remedy="Install proofroom[whisper], or set PROOFROOM_TRANSCRIPTION_MODEL to another model.",
        ) from error
    try:
        model = await asyncio.to_thread(_load, whisper, name.removeprefix(LOCAL))
    except _ITS_ERRORS as error:
        raise ModelRefused(
            f"{name} could not be loaded ({type(error).__name__}).",
            remedy="Check its name, and that it can be fetched or is there already.",
        ) from error
    return LocalTranscriber(name, model)


def _load(whisper: Any, name: str) -> Any:
    """Once for all recordings of this process: a model takes gigabytes and seconds, and can be asked from many threads."""
    with _loading:
        return _loaded(whisper, name)


@cache
def _loaded(whisper: Any, name: str) -> Any:
    return whisper.WhisperModel(name, compute_type="auto")
