"""Speech to text as OpenAI offers it, on loopback: what was said is given to it, since it understands nobody.

Where in a recording a piece of it comes from it can hear: from a tone of 200 Hz that rises by 1 Hz each second. In a
recording without that tone it takes every piece for the beginning.
"""

import array
import asyncio
import wave
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from itertools import pairwise
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CLOCK_HERTZ: Final = 200.0
_LISTEN_SECONDS: Final = 8.0
_SIMULATED: Final = (
    "This is a simulated transcription.",
    "Nobody has listened to the recording.",
    "With a real model the words of the speaker stand here.",
    "Set PROOFROOM_TRANSCRIPTION_BASE_URL to use one.",
)


class Said(BaseModel):
    """Seconds of the whole recording."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: float
    end: float
    text: str


DEFAULT: Final = tuple(
    Said(start=5.0 * number, end=5.0 * number + 4.5, text=text) for number, text in enumerate(_SIMULATED)
)
_SCRIPT: Final = TypeAdapter(tuple[Said, ...])


class Transcriptions:
    def __init__(self, script: Sequence[Said] = DEFAULT) -> None:
        self.script = script
        self.language = "english"
        self.asked: list[tuple[float, float]] = []
        """Beginning and length of each piece that came, in seconds."""
        self.keys: list[str] = []
        """What each request had for Authorization."""
        self.refusals: list[int] = []
        """HTTP statuses of the next answers, before any other."""
        self.pause = 0.0
        """Seconds before each answer."""
        self.doubts: Mapping[str, Mapping[str, float]] = {}
        """By text: how unsure the model is of it."""

    def routes(self) -> list[Route]:
        return [
            Route("/v1/audio/transcriptions", self._transcribe, methods=["POST"]),
            Route("/script", self._write, methods=["PUT"]),
        ]

    async def _write(self, request: Request) -> Response:
        try:
            self.script = _SCRIPT.validate_json(await request.body())
        except ValidationError as error:
            return JSONResponse({"errors": error.errors(include_url=False, include_context=False)}, 422)
        return Response(status_code=204)

    async def _transcribe(self, request: Request) -> Response:
        self.keys.append(request.headers.get("authorization", ""))
        await asyncio.sleep(self.pause)
        async with request.form(max_part_size=64 * 1024 * 1024) as form:
            if self.refusals:
                return _refused(self.refusals.pop(0), "Simulated.", None)
            if "transcribe" in str(form.get("model")) and form.get("response_format") == "verbose_json":
                return _refused(400, "response_format 'verbose_json' is not compatible.", "unsupported_value")
            sent = form.get("file")
            if not isinstance(sent, UploadFile):
                return _refused(400, "There is no file.", "missing_required_parameter")
            start, seconds = heard(await sent.read())
        self.asked.append((start, seconds))
        segments = list(self._segments(start, seconds))
        text = " ".join(segment.text for segment in segments)
        if form.get("response_format") != "verbose_json":
            return JSONResponse({"text": text})
        return JSONResponse(
            {"task": "transcribe", "language": self.language, "duration": seconds, "text": text}
            | {"usage": {"type": "duration", "seconds": round(seconds)}}
            | {"segments": [self._segment(number, one) for number, one in enumerate(segments)]}
        )

    def _segments(self, start: float, seconds: float) -> Iterator[Said]:
        """Of a sentence across the edge of a piece only those words that are in it, as a model hears it."""
        for said in self.script:
            words = said.text.split()
            each = (said.end - said.start) / max(len(words), 1)
            within = [
                number
                for number in range(len(words))
                if start <= said.start + each * (number + 0.5) < start + seconds
            ]
            if within:
                first, last = within[0], within[-1]
                yield Said(
                    start=max(said.start + each * first - start, 0.0),
                    end=min(said.start + each * (last + 1) - start, seconds),
                    text=" ".join(words[first : last + 1]),
                )

    def _segment(self, number: int, said: Said) -> dict[str, object]:
        sure = {"avg_logprob": -0.2, "no_speech_prob": 0.01, "temperature": 0.0, "compression_ratio": 1.4}
        doubt = self.doubts.get(said.text, {})
        return {"id": number, "seek": 0, "tokens": [], **said.model_dump(), **sure, **doubt}


def _refused(status: int, message: str, code: str | None) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return JSONResponse({"error": error}, status)


def heard(audio: bytes) -> tuple[float, float]:
    """Beginning and length, in seconds."""
    with wave.open(BytesIO(audio)) as sound:
        rate, seconds = sound.getframerate(), sound.getnframes() / sound.getframerate()
        samples = array.array("h", sound.readframes(round(rate * min(seconds, _LISTEN_SECONDS))))
    half = len(samples) // 2
    if half < rate / 2:
        return 0.0, seconds
    first, second = (_hertz(part, rate) for part in (samples[:half], samples[half:]))
    rising = abs((second - first) - half / rate) < 1.0
    begins = (first + second) / 2 - CLOCK_HERTZ - half / rate
    return (max(begins, 0.0) if rising else 0.0), seconds


def _hertz(samples: "array.array[int]", rate: int) -> float:
    crossings = sum((one < 0) != (other < 0) for one, other in pairwise(samples))
    return crossings * rate / (2 * len(samples))
