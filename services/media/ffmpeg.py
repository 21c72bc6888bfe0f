"""Recordings by ffmpeg: heard as a whole, cut into pieces, clipped.

What is read is somebody else's. It comes in as an open file (`fd:`) and no protocol is let in but that, so that a
playlist or a reference inside of it opens neither a file nor a connection; only the containers of recordings are read.
"""

import asyncio
import math
import re
import resource
import sys
import wave
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import imageio_ffmpeg

from core.settings import Settings
from services.documents import Unreadable

RATE: Final = 16_000
"""Samples a second, of two bytes: what speech recognition works with."""
SILENCE_DB: Final = -60.0
"""The loudest sample of a recording in which nobody speaks; speech from afar reaches -40."""
_CONTAINERS: Final = "aac,aiff,amr,asf,avi,caf,flac,flv,matroska,webm,mov,mp4,mp3,mpeg,mpegts,ogg,w64,wav"
_INPUT: Final = ("-protocol_whitelist", "fd", "-format_whitelist", _CONTAINERS)
_LIMITS: Final = ("-max_alloc", str(256 * 1024 * 1024), "-threads", "1")
MEMORY_BYTES: Final = 2 * 1024**3
"""Of address space: a film in 4K takes half of it, and one that is made to take much has sixteen pictures of 200 MB."""
_HEADER: Final = 4096
_TOLD: Final = 64 * 1024
_NO_PROGRAM: Final = (
    "Recordings cannot be read here: ffmpeg is missing. Have the operator name one in PROOFROOM_FFMPEG."
)
_LOUDEST: Final = re.compile(r"max_volume: (-?[\d.]+|-inf) dB")


@dataclass(frozen=True, slots=True)
class Window:
    """Seconds from the recording's beginning."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Sound:
    """A whole recording as a WAV file: mono, RATE, 16 bits."""

    path: Path
    seconds: float

    def cut(self, window: Window) -> bytes:
        """A WAV file of its own."""
        cut = BytesIO()
        with wave.open(str(self.path)) as whole, wave.open(cut, "wb") as part:
            part.setparams(whole.getparams())
            whole.setpos(min(round(window.start * RATE), whole.getnframes()))
            part.writeframes(whole.readframes(round((window.end - window.start) * RATE)))
        return cut.getvalue()


async def hear(settings: Settings, recording: Path, sound: Path) -> Sound:
    """Writes the sound of `recording` to the new file `sound`. Raises Unreadable."""
    longest = settings.recording_hours * 3600
    most = math.ceil(longest) + 1
    arguments = [
        *("-map", "0:a:0", "-vn", "-ac", "1", "-ar", str(RATE), "-af", "volumedetect"),
        *("-c:a", "pcm_s16le", "-t", str(most), "-fs", str((most + 1) * RATE * 2 + _HEADER)),
    ]
    told = await _run(settings, recording, sound, arguments, seconds=longest)
    with wave.open(str(sound)) as whole:
        seconds = whole.getnframes() / RATE
    if seconds > longest:
        raise Unreadable(
            f"The recording is longer than {settings.recording_hours:g} hours, the longest that is transcribed here. "
            "Split it, or have the operator raise PROOFROOM_RECORDING_HOURS.",
            retryable=True,
        )
    loudest = _LOUDEST.findall(told)
    if not seconds or not loudest:
        raise Unreadable("There is no sound in the recording. Check that it plays, and upload it again.")
    if loudest[-1] == "-inf" or float(loudest[-1]) < SILENCE_DB:
        raise Unreadable("The recording is silent: nobody can be heard in it. Upload one with sound.")
    return Sound(sound, seconds)


async def clip(settings: Settings, recording: Path, clip: Path, window: Window, *, video: bool) -> None:
    """Cuts `window` out of `recording` into the new file `clip`: MP4 with its pictures, or MP3. Raises Unreadable."""
    pictures = (
        *("-map", "0:v:0?", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"),
        *("-vf", "scale=trunc(min(1920\\,iw)/2)*2:-2"),
        *("-map", "0:a:0?", "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart"),
    )
    sound = ("-map", "0:a:0", "-vn", "-c:a", "libmp3lame", "-b:a", "128k")
    seconds = window.end - window.start
    # Films have an index by which to go there; a sound file may have none, and is heard from its beginning.
    begin = ("-ss", f"{window.start:.3f}")
    arguments = ["-t", f"{seconds:.3f}", "-map_metadata", "-1", *(pictures if video else (*begin, *sound))]
    patience = seconds * 10 if video else window.end
    await _run(settings, recording, clip, arguments, seconds=patience, before=begin if video else ())


async def _run(
    settings: Settings,
    recording: Path,
    output: Path,
    arguments: Sequence[str],
    *,
    seconds: float,
    before: Sequence[str] = (),
) -> str:
    """What ffmpeg told; `before` are options of the input.

    It has a third of `seconds`, and two minutes, of processor time and twice that by the clock."""
    patience = round(seconds / 3) + 120
    with recording.open("rb") as source:
        command = [
            *(_program(settings), "-hide_banner", "-nostdin", "-nostats", "-timelimit", str(patience)),
            *(*_LIMITS, *_INPUT, *before, "-i", "fd:", *arguments, "-y", str(output)),
        ]
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=source, stdout=DEVNULL, stderr=PIPE, env={}
            )
        except OSError as error:
            raise Unreadable(_NO_PROGRAM, retryable=True) from error
    if sys.platform == "linux":  # elsewhere no other process's memory can be limited
        with suppress(ProcessLookupError):  # it has ended already
            resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        async with asyncio.timeout(patience * 2):
            told = await _told(process)
            status = await process.wait()
    except TimeoutError:
        status, told = -1, ""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if status == 0:
        return told
    raise Unreadable(_reason(told))


async def _told(process: asyncio.subprocess.Process) -> str:
    """The end of what it says: it can complain of every packet of a broken file."""
    assert process.stderr is not None
    kept = b""
    while piece := await process.stderr.read(_TOLD):
        kept = (kept + piece)[-_TOLD:]
    return kept.decode(errors="replace")


def _reason(told: str) -> str:
    if "matches no streams" in told:
        return "The recording has no sound track. Upload one with sound."
    return (
        "This is no recording that can be played, or it is damaged or protected. "
        "Check that it plays, and upload it again as MP3, M4A, WAV, MP4 or WebM."
    )


def _program(settings: Settings) -> str:
    try:
        return str(settings.ffmpeg or imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:  # the package has none for this machine
        raise Unreadable(_NO_PROGRAM, retryable=True) from error
