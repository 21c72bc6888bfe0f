"""From a recording to a text that leads back to its minutes, over real HTTP and by the real ffmpeg."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
import pytest
from pydantic import SecretStr

from agents.base import ModelFailed
from core.db import SERVICE, libpq_url
from tests.plugins.scene import Scene
from tests.plugins.transcription import Record, TranscriptionServer

if TYPE_CHECKING:
    from models import File
    from services.documents import Document

Transcribe = Callable[..., Coroutine[Any, Any, "Document"]]


@pytest.fixture
async def file(scene: Scene) -> "File":
    from models import File, Project

    ids = {"workspace_id": scene.principal.workspace_id, "user_id": scene.principal.user_id}
    async with scene.tenant() as session:
        project = Project(title="Talks", **ids)
        session.add(project)
        await session.flush()
        found = {"mime_type": "audio/mpeg", "size_bytes": 0, "sha256": bytes(32)}
        file = File(project_id=project.id, name="talk.mp3", path="u/p/talk.mp3", **found, **ids)
        session.add(file)
        await session.flush()
    return file


@pytest.fixture
def transcribe(scene: Scene, file: "File", transcription_server: TranscriptionServer) -> Transcribe:
    from services.media import recordings

    async def call(
        path: Path, report: Callable[[float], None] = lambda _: None, **settings: Any
    ) -> "Document":
        given = {"transcription_base_url": transcription_server.base_url, "model_retries": 0} | settings
        runtime = replace(scene.runtime, settings=scene.settings.model_copy(update=given))
        return await recordings.transcribe(runtime, file, path, report)

    return call


async def test_a_long_recording_is_heard_in_pieces_and_none_is_paid_for_twice(
    scene: Scene, transcribe: Transcribe, transcription_server: TranscriptionServer, record: Record
) -> None:
    said = [f"Sentence {n} of the talk says that team {n} has shipped." for n in range(238)]
    transcription_server.speak(*said)
    path = record("talk.wav", seconds=1190, rate=4000)
    shares: list[float] = []

    def die(share: float) -> None:
        shares.append(share)
        if len(shares) == 3:  # converted, the first piece, the second
            transcription_server.said.refusals = [503]

    with pytest.raises(ModelFailed, match="HTTP 503"):
        await transcribe(path, die)
    assert len(transcription_server.said.asked) == 2
    document = await transcribe(path, shares.append)
    pieces = transcription_server.said.asked
    assert [round(start) for start, _ in pieces] == [0, 585, 1170], "the third alone is asked for again"
    assert shares[-1] == 1.0

    assert document.text.replace("\n\n", " ") == " ".join(said)
    assert "\n\n" in document.text
    assert document.language == "en"
    for number in (0, 1, 117, 118, 119, 120, 236, 237):
        at = document.text.index(said[number])
        place = [place for place in document.places if place.at <= at][-1]
        assert place.seconds == pytest.approx(number * 5, abs=1.5)
    kept = await scene.row("SELECT * FROM transcriptions")
    assert kept["text"] == document.text
    assert kept["pieces"] == []
    ends = [segment["end"] for segment in kept["segments"]]
    assert all(end <= one["start"] for end, one in zip(ends, kept["segments"][1:], strict=False))

    usage = await scene.rows("SELECT * FROM token_usage ORDER BY created_at")
    assert {row["service"] for row in usage} == {"transcriber"}
    assert [row["status"] for row in usage] == ["completed", "completed", "failed", "completed"]
    assert sum(row["cost_usd"] for row in usage) == pytest.approx(
        Decimal("0.006") * 1220 / 60, abs=Decimal("0.001")
    )

    assert await transcribe(path) == document, "what is complete is not asked for again"
    assert len(transcription_server.said.asked) == 3


async def test_what_cannot_be_heard_ends_in_a_reason(
    transcribe: Transcribe, transcription_server: TranscriptionServer, record: Record, tmp_path: Path
) -> None:
    from services.documents import Unreadable

    secret = record("secret.mp3", seconds=2)
    playlist = tmp_path / "list.mp3"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{secret}\n#EXT-X-ENDLIST\n")
    concat = tmp_path / "concat.mp3"
    concat.write_text(f"ffconcat version 1.0\nfile '{secret}'\n")
    noise, empty, cut = tmp_path / "noise.mp3", tmp_path / "empty.mp3", tmp_path / "cut.m4a"
    noise.write_bytes(bytes(range(256)) * 40)
    empty.write_bytes(b"")
    cut.write_bytes(record("whole.m4a", seconds=2).read_bytes()[:2000])
    quiet = record("quiet.mp3", source="anullsrc=r=8000:cl=mono:d=3")
    mute = record("mute.mp4", source="testsrc=d=1:s=64x64:r=5")
    for path, reason in {
        playlist: "no recording",
        concat: "no recording",
        noise: "no recording",
        empty: "no recording",
        cut: "no recording",
        quiet: "silent",
        mute: "no sound track",
    }.items():
        with pytest.raises(Unreadable, match=reason):
            await transcribe(path)
    with pytest.raises(Unreadable, match=r"longer than 0\.0005 hours"):
        await transcribe(secret, recording_hours=0.0005)
    with pytest.raises(Unreadable, match="ffmpeg is missing"):
        await transcribe(secret, ffmpeg=tmp_path / "nothing")
    assert transcription_server.said.asked == []
    transcription_server.said.script = []
    with pytest.raises(Unreadable, match="no text"):
        await transcribe(secret)


async def test_what_is_not_set_up_or_not_paid_for_says_what_to_do(
    scene: Scene, transcribe: Transcribe, transcription_server: TranscriptionServer, record: Record
) -> None:
    from services.documents import Unreadable

    path = record("talk.wav", seconds=2)
    with pytest.raises(Unreadable, match=r"subtitles.*PROOFROOM_TRANSCRIPTION_BASE_URL"):
        await transcribe(path, transcription_base_url=None)
    with pytest.raises(Unreadable, match="faster-whisper, which is not installed"):
        await transcribe(path, transcription_model="local:small")
    with pytest.raises(Unreadable, match="verbose_json with segments"):
        await transcribe(path, transcription_model="gpt-4o-transcribe")
    transcription_server.said.refusals = [401]
    with pytest.raises(Unreadable, match="PROOFROOM_TRANSCRIPTION_API_KEY"):
        await transcribe(path, transcription_api_key=SecretStr("sk-secret"))
    await scene.execute(
        "INSERT INTO budgets (workspace_id, period, limit_usd) VALUES (:id, 'day', 0.0001)",
        id=scene.principal.workspace_id,
    )
    with pytest.raises(Unreadable, match=r"budget of 0\.0001"):
        await transcribe(path)
    with pytest.raises(Unreadable, match="price of a-model-nobody-priced is not known"):
        await transcribe(path, transcription_model="a-model-nobody-priced")
    assert transcription_server.said.asked == []


async def test_ffmpeg_has_limits_and_no_secrets_and_does_not_outlive_who_wanted_it(
    transcribe: Transcribe, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.media.ffmpeg import MEMORY_BYTES

    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    endless = tmp_path / "ffmpeg"
    endless.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    endless.chmod(0o700)
    task = asyncio.create_task(transcribe(record("talk.wav", seconds=1), ffmpeg=endless))
    pid = tmp_path / "pid"
    while not (pid.exists() and pid.read_text().strip()):
        assert not task.done()
        await asyncio.sleep(0.01)
    process = psutil.Process(int(pid.read_text()))
    while process.rlimit(psutil.RLIMIT_AS) != (MEMORY_BYTES, MEMORY_BYTES):
        assert not task.done()
        await asyncio.sleep(0.01)
    assert not any("secret" in value for value in process.environ().values())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not process.is_running()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("english", "en"),
        ("German", "de"),
        ("chinese", "zh"),
        ("pt", "pt"),
        ("pt-BR", "pt-BR"),
        ("noise!", None),
        (None, None),
    ],
)
def test_languages_are_named_as_the_rest_of_the_world_names_them(name: str | None, code: str | None) -> None:
    from services.media.recordings import language_code

    assert language_code(name) == code


async def test_two_that_hear_the_same_recording_do_not_mix(
    transcribe: Transcribe, transcription_server: TranscriptionServer, record: Record
) -> None:
    from services.media.recordings import TakenOver

    transcription_server.speak("One sentence was said.", "And then another one.")
    path = record("talk.wav", seconds=10)
    both = await asyncio.gather(transcribe(path), transcribe(path), return_exceptions=True)
    heard = [one for one in both if not isinstance(one, BaseException)]
    assert all(isinstance(one, TakenOver) for one in both if isinstance(one, BaseException))
    assert {one.text for one in heard} == {"One sentence was said. And then another one."}


async def test_what_another_model_has_begun_anew_is_not_completed_by_this_one(
    scene: Scene,
    transcribe: Transcribe,
    transcription_server: TranscriptionServer,
    record: Record,
) -> None:
    from services.media.recordings import TakenOver

    def taken_over(share: float) -> None:
        if share == 1.0:
            with psycopg.connect(libpq_url(scene.settings)) as connection:
                connection.execute(f"SET ROLE {SERVICE}")
                connection.execute("UPDATE transcriptions SET model = 'another', pieces = '[]'")

    transcription_server.speak("One sentence was said.")
    with pytest.raises(TakenOver):
        await transcribe(record("talk.wav", seconds=5), taken_over)
    row = await scene.row("SELECT text, completed_at FROM transcriptions")
    assert row["completed_at"] is None
