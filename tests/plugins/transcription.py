"""A server that turns speech into text, on loopback, and recordings whose clock it can hear."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import imageio_ffmpeg
import pytest

from tests.patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from simulators.transcriptions import Transcriptions


@dataclass
class TranscriptionServer:
    base_url: str
    said: "Transcriptions"

    def speak(self, *sentences: str, seconds: float = 5.0) -> None:
        """One after the other, each so long, half a second of it in silence."""
        from simulators.transcriptions import Said

        self.said.script = [
            Said(start=number * seconds, end=number * seconds + seconds - 0.5, text=text)
            for number, text in enumerate(sentences)
        ]


@pytest.fixture
def transcription_server() -> Iterator[TranscriptionServer]:
    import uvicorn
    from starlette.applications import Starlette

    from simulators.transcriptions import Transcriptions

    said = Transcriptions()
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        Starlette(routes=said.routes()), log_level="critical", lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.005)
    yield TranscriptionServer(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", said)
    server.should_exit = True
    thread.join(PATIENCE_SECONDS)


Record = Callable[..., Path]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """`record("talk.mp3", seconds=30)`: with the tone that rises by 1 Hz each second. `*options` are ffmpeg's."""

    def make(
        name: str, *options: str, seconds: float = 20, rate: int = 8000, source: str | None = None
    ) -> Path:
        path = tmp_path / name
        tone = f"aevalsrc=0.5*sin(2*PI*(200*t+0.5*t*t)):s={rate}:d={seconds}"
        given = ["-f", "lavfi", "-i", source or tone, *options, "-y", str(path)]
        subprocess.run(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-nostdin", *given], check=True, env={}
        )
        return path

    return make
