"""Speech to text by any server that speaks OpenAI's protocol."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from http import HTTPStatus
from typing import Final, Literal

import openai
from pydantic import BaseModel, Field, FiniteFloat
from uuid_utils.compat import uuid7

from agents.base import Meter, ModelCall, Usage
from agents.failures import Failure, failure_of
from agents.persistence import persist
from agents.transcriber import Piece, Segment, Transcript
from core.settings import Settings

_SILENCE: Final = 0.6
_GUESSED: Final = -1.0
"""Whisper's own rule: what it thinks is silence, and of whose words it is not sure, was not said."""
_NO_TIMES: Final = "Take a model that answers verbose_json with segments, as whisper-1 does."
_REMEDIES: Final[dict[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "Check PROOFROOM_TRANSCRIPTION_API_KEY (without an address of its own, OPENAI_API_KEY).",
    HTTPStatus.FORBIDDEN: "Check what the key for transcription is allowed to use.",
    HTTPStatus.NOT_FOUND: "Check PROOFROOM_TRANSCRIPTION_BASE_URL and PROOFROOM_TRANSCRIPTION_MODEL.",
    HTTPStatus.BAD_REQUEST: _NO_TIMES,
    HTTPStatus.UNPROCESSABLE_ENTITY: _NO_TIMES,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Have its server take files of 25 MB, as OpenAI's does: ten minutes are 19 MB.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Take a server that reads WAV.",
    HTTPStatus.TOO_MANY_REQUESTS: "Wait until it takes more, or raise its limit.",
}
_AWAY: Final = "See that the server at PROOFROOM_TRANSCRIPTION_BASE_URL (else OPENAI_BASE_URL) is up, well, and can be reached."
_SLOW: Final = "Raise PROOFROOM_TRANSCRIPTION_TIMEOUT_SECONDS, or take a faster model."


class _Segment(BaseModel):
    start: FiniteFloat = Field(ge=0)
    end: FiniteFloat = Field(ge=0)
    text: str
    no_speech_prob: float = 0.0
    avg_logprob: float = 0.0

    @property
    def said(self) -> bool:
        silent = self.no_speech_prob > _SILENCE and self.avg_logprob < _GUESSED
        return bool(self.text.strip()) and not silent


class _Tokens(BaseModel):
    input_tokens: int = Field(0, ge=0)
    output_tokens: int = Field(0, ge=0)


class _Answer(BaseModel):
    text: str = ""
    language: str | None = None
    segments: list[_Segment] | None = None
    usage: _Tokens | None = None
    """Empty of tokens where minutes are paid for."""

    @property
    def timed(self) -> bool:
        return self.segments is not None or not self.text.strip()


@dataclass(frozen=True, slots=True)
class OpenAITranscriber:
    client: openai.AsyncOpenAI
    name: str
    price: Decimal | None
    """USD per minute; None: not known."""
    timeout_seconds: float
    """For one attempt."""
    retries: int

    async def transcribe(self, piece: Piece, meter: Meter) -> Transcript:
        digest = await asyncio.to_thread(lambda: hashlib.sha256(piece.audio).hexdigest())
        answer = await persist(partial(self._attempt, piece, digest, meter), self.name, self.retries)
        said = [one for one in answer.segments or () if one.said]
        segments = tuple(Segment(one.start, max(one.start, one.end), one.text) for one in said)
        return Transcript(segments, answer.language)

    async def _attempt(self, piece: Piece, digest: str, meter: Meter) -> _Answer | Failure:
        call = ModelCall(uuid7(), "transcriber", self.name, digest, self._cost(piece))
        await meter.before(call)
        started = time.monotonic()
        status: Literal["completed", "failed", "cancelled"] = "failed"
        owed, tokens = True, _Tokens()
        try:
            async with asyncio.timeout(self.timeout_seconds):
                answer = await self._ask(piece)
            tokens = answer.usage or tokens
            if not answer.timed:
                return Failure("the answer has no time stamps", passing=False, remedy=_NO_TIMES)
            status = "completed"
        except asyncio.CancelledError:
            status = "cancelled"
            raise
        except (openai.OpenAIError, TimeoutError, ValueError) as error:
            failure = failure_of(error)
            owed = not failure.unanswered
            return replace(failure, remedy=_remedy(error) or failure.remedy)
        finally:
            cost = self._cost(piece) if owed else Decimal(0)
            latency = round((time.monotonic() - started) * 1000)
            usage = Usage(tokens.input_tokens, tokens.output_tokens, cost, latency, status)
            # Shielded: what was paid for is recorded although the run is being cancelled.
            await asyncio.shield(meter.after(call, usage))
        return answer

    async def _ask(self, piece: Piece) -> _Answer:
        answer = await self.client.audio.transcriptions.with_raw_response.create(
            file=("piece.wav", piece.audio, "audio/wav"),
            model=self.name,
            response_format="verbose_json",
            timestamp_granularities=["segment"],
        )
        return _Answer.model_validate_json(answer.content)

    def _cost(self, piece: Piece) -> Decimal | None:
        if self.price is None:
            return None
        minutes = Decimal(str(piece.seconds)) / 60
        return (self.price * minutes).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def _remedy(error: Exception) -> str | None:
    match error:
        case openai.APIStatusError():
            away = error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
            return _AWAY if away else _REMEDIES.get(error.status_code)
        case TimeoutError() | openai.APITimeoutError():
            return _SLOW
        case openai.APIConnectionError():
            return _AWAY
        case _:
            return None


@asynccontextmanager
async def openai_transcriber(settings: Settings) -> AsyncIterator[OpenAITranscriber]:
    name, key = settings.transcription_model, settings.transcription_api_key
    if settings.transcription_base_url is None:  # the language model's key is for its own server alone
        key = key or settings.openai_api_key
    async with openai.AsyncOpenAI(
        # A server of one's own often wants no key, and the client will not start without one.
        api_key=key.get_secret_value() if key else "none",
        base_url=settings.transcription_base_url or settings.openai_base_url,
        timeout=settings.transcription_timeout_seconds,
        max_retries=0,
    ) as client:
        price = settings.transcription_prices.get(name)
        patience = settings.transcription_timeout_seconds
        yield OpenAITranscriber(client, name, price, patience, settings.model_retries)
