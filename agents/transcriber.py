"""Speech to text, a piece of a recording at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from agents.base import Meter
from core.settings import Settings

LOCAL: Final = "local:"
"""Before the name of a model that runs on this machine."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A few words, usually a sentence or a part of one. Seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Piece:
    """`audio` is a WAV file: 16 kHz, mono, 16 bits, which every server reads."""

    audio: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """Times count from the beginning of the piece. `language` is as the model names it: "en", or "english"."""

    segments: tuple[Segment, ...]
    language: str | None = None


class Transcriber(Protocol):
    @property
    def name(self) -> str:
        """The model's."""
        ...

    async def transcribe(self, piece: Piece, meter: Meter) -> Transcript:
        """Raises ModelFailed, and BudgetExceeded through the meter."""
        ...


def configured(settings: Settings) -> bool:
    """Whether anything here turns speech into text."""
    local = settings.transcription_model.startswith(LOCAL)
    named = settings.transcription_base_url or settings.transcription_api_key
    return local or bool(named) or settings.model_backed


@asynccontextmanager
async def transcriber(settings: Settings) -> AsyncIterator[Transcriber]:
    """Raises ModelRefused where the model is to run on this machine and cannot."""
    # The libraries take a second to load, which who transcribes nothing need not wait for.
    if settings.transcription_model.startswith(LOCAL):
        from agents.local_transcriber import local_transcriber

        yield await local_transcriber(settings.transcription_model)
        return
    from agents.openai_transcriber import openai_transcriber

    async with openai_transcriber(settings) as made:
        yield made
