"""A recording comes in, is heard, quoted and cut, over /v1 and by the queue's own tasks."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import imageio_ffmpeg
import pysubs2
import pytest

from core import storage
from simulators.transcriptions import heard
from tests.plugins.api import Api, User
from tests.plugins.transcription import Record, TranscriptionServer

if TYPE_CHECKING:
    from services.runtime import Runtime

SAID = (
    "Good morning, and thank you all for coming.",
    "The build fell from 40 to 9 seconds in one week.",
    "We deleted half of the tests that never failed in 3 years.",
    "Is there a <b>question</b> so far?",
)
VARIABLE = ("-q:a", "7", "-write_xing", "0")
"""An MP3 of changing density and with no index."""
Json = dict[str, Any]


async def upload(user: User, path: Path) -> Json:
    project = (await user.post("/v1/projects", json={"title": "Talks"})).json()
    with path.open("rb") as file:
        sent = await user.post(f"/v1/projects/{project['id']}/files", files={"file": (path.name, file)})
    assert sent.status_code == 201, sent.text
    found: Json = sent.json()
    return found


class Desk:
    """A worker that does one thing when it is told to."""

    def __init__(self, runtime: "Runtime", workspace_id: UUID) -> None:
        self.runtime = runtime
        self.workspace_id = workspace_id
        self.file = runtime.settings.data_dir / "clip"

    async def extract(self, file_id: str) -> None:
        from services.library import extracting

        await extracting.extract(self.runtime, self.workspace_id, UUID(file_id))

    async def look(self, file_id: str, *, last: bool = True) -> None:
        from services.media import clips

        await clips.look(self.runtime, self.workspace_id, UUID(file_id), last=last)

    async def cut(self, clip_id: str) -> None:
        from services.media import clips

        await clips.cut(self.runtime, self.workspace_id, UUID(clip_id), last=True)

    async def jobs(self) -> list[tuple[str, str]]:
        from sqlalchemy import text

        async with self.runtime.db.service() as session:
            found = await session.execute(text("SELECT task_name, args::text FROM procrastinate_jobs"))
            return [(row.task_name, row.args) for row in found]


@pytest.fixture
async def user(api: Api) -> User:
    return await api.user()


@pytest.fixture
async def desk(runtime: "Runtime", user: User, transcription_server: TranscriptionServer) -> Desk:
    transcription_server.speak(*SAID)
    given = {"transcription_base_url": transcription_server.base_url, "model_retries": 0}
    settings = runtime.settings.model_copy(update=given)
    return Desk(replace(runtime, settings=settings), user.workspace_id)


async def test_a_recording_from_upload_to_clip(api: Api, user: User, desk: Desk, record: Record) -> None:
    file = await upload(user, record("talk.mp3", *VARIABLE, seconds=20))
    path = f"/v1/files/{file['id']}"
    early = await user.get(f"{path}/transcription")
    assert (early.status_code, early.json()["code"]) == (404, "NotFound")
    assert "pending" in early.json()["remedy"]
    assert (await user.post(f"{path}/clips")).status_code == 404

    await desk.extract(file["id"])
    text = (await user.get(f"{path}/text")).json()
    assert text["status"] == "completed", text
    assert text["text"] == " ".join(SAID)
    seconds = [place["seconds"] for place in text["places"]]
    assert seconds == pytest.approx([0, 5, 10, 15], abs=0.3)

    heard = (await user.get(f"{path}/transcription")).json()
    assert [one["text"] for one in heard["segments"]] == list(SAID)
    assert (heard["language"], heard["model"], heard["clips_status"]) == ("en", "whisper-1", "none")
    assert heard["seconds"] == pytest.approx(20, abs=0.2)
    for query, headers in (("?format=srt", {}), ("", {"Accept": "application/x-subrip"})):
        srt = await user.get(f"{path}/transcription{query}", headers=headers)
        assert srt.headers["content-type"].startswith("application/x-subrip")
        assert srt.text.startswith("1\n00:00:0")
    vtt = await user.get(f"{path}/transcription", headers={"Accept": "text/vtt"})
    assert vtt.text.startswith("WEBVTT")
    assert "&lt;b&gt;question&lt;/b&gt;" in vtt.text
    assert len(pysubs2.SSAFile.from_string(vtt.text)) == 4
    assert (await user.get(f"{path}/transcription?format=pdf")).status_code == 422

    asked = [await user.post(f"{path}/clips") for _ in range(2)]
    assert [(one.status_code, one.json()["clips_status"]) for one in asked] == [(202, "pending")] * 2
    assert [name for name, _ in await desk.jobs()].count("find_clips") == 1
    await desk.look(file["id"])
    assert (await user.get(f"{path}/transcription")).json()["clips_status"] == "completed"
    clips = (await user.get(f"{path}/clips")).json()["items"]
    assert [clip["quote"] for clip in clips][:2] == [SAID[1], SAID[2]]
    first = clips[0]
    assert (first["start"], first["end"]) == (pytest.approx(5, abs=0.5), pytest.approx(9.8, abs=0.5))
    assert (await user.get(f"{path}/clips?limit=1")).json()["items"] == [first]

    at = f"/v1/clips/{first['id']}"
    uncut = await user.get(f"{at}/content")
    assert (uncut.status_code, uncut.json()["code"]) == (409, "ClipNotCut")
    assert [(await user.post(f"{at}/cut")).json()["status"] for _ in range(2)] == ["pending"] * 2
    await desk.cut(first["id"])
    cut = (await user.get(at)).json()
    assert (cut["status"], cut["mime_type"]) == ("cut", "audio/mpeg"), cut
    part = await user.get(f"{at}/content", headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)
    whole = await user.get(f"{at}/content")
    assert whole.headers["content-type"] == "audio/mpeg"
    assert await _heard(desk, whole.content) == pytest.approx(
        (first["start"], first["end"] - first["start"]), abs=0.3
    ), "of the very seconds, although nothing in the file says where they are"

    await user.post(f"{path}/clips")
    await desk.look(file["id"])
    assert (await user.get(at)).status_code == 404, "found anew, in place of it"
    removed = [args for name, args in await desk.jobs() if name == "delete_object"]
    assert len(removed) == 1
    assert file["path"] not in removed[0], "what was cut goes, the recording stays"
    assert (await user.delete(path)).status_code == 204
    assert (await user.get(f"/v1/clips/{clips[1]['id']}")).status_code == 404


async def test_a_film_gives_clips_with_its_pictures(user: User, desk: Desk, record: Record) -> None:
    film = record(
        "film.mp4",
        "-f",
        "lavfi",
        "-i",
        "testsrc=d=20:s=98x55:r=5",
        "-shortest",
        "-pix_fmt",
        "yuv444p",
        seconds=20,
    )
    file = await upload(user, film)
    assert file["mime_type"] == "video/mp4"
    await desk.extract(file["id"])
    await user.post(f"/v1/files/{file['id']}/clips")
    await desk.look(file["id"])
    clip = (await user.get(f"/v1/files/{file['id']}/clips")).json()["items"][0]
    await user.post(f"/v1/clips/{clip['id']}/cut")
    await desk.cut(clip["id"])
    cut = await user.get(f"/v1/clips/{clip['id']}/content")
    assert (cut.status_code, cut.headers["content-type"]) == (200, "video/mp4"), cut.text
    seconds = clip["end"] - clip["start"]
    assert await _heard(desk, cut.content) == pytest.approx((clip["start"], seconds), abs=0.3)
    shown, _ = imageio_ffmpeg.count_frames_and_secs(str(desk.file))
    assert shown == pytest.approx(5 * seconds, abs=3)


async def test_what_fails_says_so_and_can_be_asked_for_again(
    user: User, desk: Desk, record: Record, transcription_server: TranscriptionServer
) -> None:
    file = await upload(user, record("talk.mp3", seconds=20))
    path = f"/v1/files/{file['id']}"
    transcription_server.said.refusals = [401]
    await desk.extract(file["id"])
    failed = (await user.get(path)).json()
    assert failed["extraction_status"] == "failed"
    assert "PROOFROOM_TRANSCRIPTION_API_KEY" in failed["error"]
    assert (await user.post(f"{path}/extraction")).status_code == 202
    await desk.extract(file["id"])
    assert (await user.get(path)).json()["extraction_status"] == "completed"

    await user.post(f"{path}/clips")
    nobody = desk.runtime.settings.model_copy(update={"openai_base_url": "http://127.0.0.1:9/v1"})
    deaf = Desk(replace(desk.runtime, settings=nobody), desk.workspace_id)
    await deaf.look(file["id"], last=True)
    heard = (await user.get(f"{path}/transcription")).json()
    assert heard["clips_status"] == "failed"
    assert "connection failed" in heard["clips_error"]
    await user.post(f"{path}/clips")
    await desk.look(file["id"])
    clip = (await user.get(f"{path}/clips")).json()["items"][0]
    await user.post(f"/v1/clips/{clip['id']}/cut")
    await storage.of(desk.runtime.settings).delete(file["path"])
    await desk.cut(clip["id"])
    lost = (await user.get(f"/v1/clips/{clip['id']}")).json()
    assert (lost["status"], "not in the storage" in lost["error"]) == ("failed", True)
    assert (await user.post(f"/v1/clips/{clip['id']}/cut")).json()["status"] == "pending"


async def _heard(desk: Desk, content: bytes) -> tuple[float, float]:
    """Which second of the recording it begins with, by the tone in it, and how long it is."""
    from services.media import ffmpeg

    desk.file.write_bytes(content)
    sound = await ffmpeg.hear(desk.runtime.settings, desk.file, desk.file.with_suffix(".wav"))
    return heard(sound.path.read_bytes())
