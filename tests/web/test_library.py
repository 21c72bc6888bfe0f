"""Projects, files, transcripts and clips as HTML, and files on their way in by the cookie."""

import base64
import re
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
from PIL import Image

from tests.plugins.documents import pdf
from tests.plugins.scene import Scene
from tests.plugins.transcription import Record, TranscriptionServer
from tests.plugins.web import Room, Visitor, link, went

if TYPE_CHECKING:
    from services.runtime import Runtime

Json = dict[str, Any]
TUS = {"Tus-Resumable": "1.0.0"}
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xd9"


def picture(width: int, height: int) -> bytes:
    made = BytesIO()
    Image.new("RGB", (width, height)).save(made, "JPEG")
    return made.getvalue()


async def send(visitor: Visitor, endpoint: str, name: str, content: bytes, parts: int = 1) -> str:
    """As our script does it; the file's id."""
    headers = {**TUS, "X-CSRF-Token": visitor.csrf_token}
    filename = base64.b64encode(name.encode()).decode()
    begun = {**headers, "Upload-Length": str(len(content)), "Upload-Metadata": f"filename {filename}"}
    made = await visitor.post(endpoint, headers=begun)
    assert made.status_code == 201, made.text
    where = made.headers["location"]
    step = -(-len(content) // parts)
    for offset in range(0, len(content), step):
        assert (await visitor.head(where, headers=TUS)).headers["upload-offset"] == str(offset)
        moved = {**headers, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        sent = await visitor.patch(where, content=content[offset : offset + step], headers=moved)
        assert sent.status_code == 204, sent.text
    return where.removeprefix("/library/uploads/")


async def read(runtime: "Runtime", visitor: Visitor, file_id: str) -> None:
    from services.library import extracting

    await extracting.extract(runtime, visitor.workspace_id, UUID(file_id))


async def project(visitor: Visitor, title: str = "Tea") -> str:
    made = await visitor.submit("/library/projects", {"title": title})
    where: str = made.headers["location"]
    await visitor.see(where)
    return where


async def test_projects_are_made_renamed_and_deleted_with_what_lies_in_them(ada: Visitor) -> None:
    assert "Make the first project" in await ada.see("/library")
    where = await project(ada, "Spring")
    assert "Nothing lies here yet" in await ada.see(where)
    await send(ada, f"{where}/uploads", "tea.txt", b"Tea is brewed for 3 minutes.")
    went(await ada.submit(where, {"title": "Summer <b>", "description": "June"}), where)
    shown = await ada.see("/library")
    assert "Summer &lt;b&gt;" in shown
    assert "One file" in shown
    assert "Its file goes with it" in await ada.see(where)
    went(await ada.submit(f"{where}/delete"), "/library")
    assert "Make the first project" in await ada.see("/library")
    await ada.see(where, 404)


async def test_a_file_comes_in_by_cookie_and_only_from_our_own_pages(room: Room, ada: Visitor) -> None:
    where = await project(ada)
    begun = {**TUS, "Upload-Length": "3"}
    foreign = await ada.post(f"{where}/uploads", headers=begun)
    assert foreign.status_code == 403
    assert foreign.json()["detail"].startswith("It was opened in another session")
    nobody = await room.visitor().post(f"{where}/uploads", headers={**begun, "X-CSRF-Token": ada.csrf_token})
    assert nobody.status_code in {401, 403}
    viewer = await room.colleague(ada, "viewer")
    shown = await viewer.see(where)
    assert "data-upload" not in shown
    refused = await viewer.post(f"{where}/uploads", headers={**begun, "X-CSRF-Token": viewer.csrf_token})
    assert refused.status_code == 403

    headers = {**begun, "X-CSRF-Token": ada.csrf_token, "Upload-Metadata": "filename dGVhLnR4dA=="}
    cut_off = (await ada.post(f"{where}/uploads", headers=headers)).headers["location"]
    shown = await ada.see(where)
    assert "Choose the same file again" in shown
    went(await ada.submit(f"{cut_off}/discard"), where)
    assert "Choose the same file again" not in await ada.see(where)

    for name in ("one.txt", "two.txt"):
        await send(ada, "/library/uploads", name, b"Tea is brewed for 3 minutes.", parts=2)
    found = (await ada.api.get("/v1/projects")).json()["items"]
    assert sorted(each["title"] for each in found) == ["Tea", "Uploads"], "one for all that has none"


async def test_a_document_is_shown_by_its_pages_and_written_from(ada: Visitor, runtime: "Runtime") -> None:
    where = await project(ada)
    content = pdf(["Tea is brewed for 3 minutes."], ["Coffee takes 4 minutes."], title="Drinks")
    file_id = await send(ada, f"{where}/uploads", "drinks.pdf", content)
    address = f"/library/files/{file_id}"
    assert "Waits to be read" in await ada.see(where)
    assert 'hx-trigger="every 2s"' in await ada.see(address)
    await read(runtime, ada, file_id)
    shown = await ada.see(address)
    assert "every 2s" not in shown
    assert re.findall(r'class="file-place">([^<]+)<', shown) == ["page 1", "page 2"]
    assert "Coffee takes 4 minutes." in shown
    assert f"/new?file={file_id}" in await ada.see(where)
    assert "Drinks" in await ada.see(f"/new?file={file_id}")

    part = await ada.get(f"{address}/content", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"%PDF")
    went(await ada.submit(f"{address}/public", {"public": "true"}), address)
    public = re.search(r'id="public-url"[^>]*>http://[^/]+([^<]+)<', await ada.see(address))
    assert public
    made = await ada.submit(f"{address}/links", {"hours": "24"})
    signed = re.search(r'id="link-url"[^>]*>http://[^/]+([^<]+)<', made.text)
    assert signed
    await ada.see(address)
    await ada.submit(f"{address}/public", {"public": "false"})
    assert (await ada.get(public[1])).status_code == 404
    assert (await ada.get(signed[1])).content == content
    went(await ada.submit(f"{address}/delete"), where)
    await ada.see(address, 404)


async def test_why_a_file_has_no_text_is_said_and_tried_again(ada: Visitor, runtime: "Runtime") -> None:
    where = await project(ada)
    archive = await send(ada, f"{where}/uploads", "all.zip", b"PK\x03\x04nothing")
    await read(runtime, ada, archive)
    for path in (where, f"/library/files/{archive}"):
        assert "Try again" not in await ada.see(path), "an archive stays one"
    file_id = await send(ada, f"{where}/uploads", "talk.wav", b"RIFF\x24\x00\x00\x00WAVEfmt ")
    await read(runtime, ada, file_id)  # nobody has said yet who hears recordings
    for path in (where, f"/library/files/{file_id}"):
        assert "Try again" in await ada.see(path)
    assert "There is no text of it" in await ada.see(f"/library/files/{file_id}")
    address = f"/library/files/{file_id}"
    went(await ada.submit(f"{address}/extraction"), address)
    assert "Waits to be read" in await ada.see(address)


async def test_a_recording_is_read_sentence_by_sentence_and_cut(
    ada: Visitor, runtime: "Runtime", transcription_server: TranscriptionServer, record: Record
) -> None:
    from dataclasses import replace

    from services.media import clips

    said = ("Good morning to you all.", "The build fell from 40 to 9 seconds in one week.")
    transcription_server.speak(*said)
    given = {"transcription_base_url": transcription_server.base_url, "model_retries": 0}
    desk = replace(runtime, settings=runtime.settings.model_copy(update=given))
    path: Path = record("talk.mp3", seconds=10)
    file_id = await send(ada, f"{await project(ada)}/uploads", "talk.mp3", path.read_bytes())
    await read(desk, ada, file_id)
    address = f"/library/files/{file_id}"
    shown = await ada.see(address)
    assert f'src="{address}/content"' in shown
    assert re.findall(r'class="segment" data-seek="([\d.]+)"', shown) == ["0.0", "5.0"]
    went(await ada.submit(f"{address}/clips"), address)
    assert "being looked for" in await ada.see(address)
    await clips.look(desk, ada.workspace_id, UUID(file_id), last=True)
    cut = link(await ada.see(address), "/library/clips/[^/]+/cut")
    swapped: httpx.Response = await ada.swap(cut)
    assert "Being cut" in swapped.text
    await clips.cut(desk, ada.workspace_id, UUID(cut.split("/")[3]), last=True)
    clip = await ada.get(link(await ada.see(address), "/library/clips/[^/]+/content"))
    assert (clip.status_code, clip.headers["content-type"]) == (200, "audio/mpeg")


async def test_a_brief_takes_a_file_and_keeps_what_was_typed(ada: Visitor, runtime: "Runtime") -> None:
    words = b"# On tea\n\nIt takes **3 minutes**.\n\n## Pots\n\n![spy](https://spy.example/p) <b>Red</b>"
    file_id = await send(ada, f"{await project(ada)}/uploads", "tea.md", words)
    assert f'name="file_id" value="{file_id}"' in await ada.see("/new")
    typed = {"source": "", "platforms": ["x"], "audience": "brewers", "quality_bar": "80", "max_rounds": "3"}
    taken = await ada.submit("/new/source", {**typed, "file_id": file_id})
    assert 'value="brewers"' in taken.text
    assert "tea.md</a>" in taken.text
    assert ">The file's<" in taken.text.replace("&#39;", "'"), "what comes of it is in the file's project"
    assert "being read" in taken.text
    assert "every 2s" in taken.text
    await read(runtime, ada, file_id)
    understood = await ada.swap("/new/check", {**typed, "file_id": file_id})
    for read_of in (understood.text, await ada.see(f"/library/files/{file_id}")):
        assert "It takes <strong>3 minutes</strong>." in read_of
        assert "## Pots" not in read_of
        assert "<img" not in read_of, "it would tell somebody that it is read"
        assert "&lt;b&gt;Red" in read_of
    assert "<h4>Pots</h4>" in understood.text
    assert "every 2s" not in understood.text
    other = await ada.submit("/new/source", {**typed, "file_id": file_id, "other": "1"})
    assert 'value="brewers"' in other.text
    assert "<textarea" in other.text.partition('id="from-library"')[0]


async def test_a_picture_gets_a_public_address_for_the_platform_that_takes_it(
    ada: Visitor, scene: Scene
) -> None:
    (thread_id,) = await scene.start("instagram")
    await scene.advance()
    review = (await scene.review(thread_id))["id"]
    assert 'data-takes="image/jpeg"' in await ada.see(f"/reviews/{review}")
    where = await project(ada)
    light = await send(ada, f"{where}/uploads", "light.jpg", picture(5, 4))
    given = await ada.swap(f"/library/files/{light}/picture?review={review}")
    assert given.status_code == 204
    address = re.search(r"http://[^/]+(/files/[\w-]+)", given.headers["hx-trigger"])
    assert address
    assert (await ada.get(address[1])).headers["content-type"] == "image/jpeg"
    for name, content, said in (
        ("light.gif", b"GIF89a\x01\0\x01\0\0\0\0;", "light.gif is no picture that Instagram takes."),
        ("tea.txt", b"Tea is brewed.", "tea.txt is no picture that Instagram takes."),
        ("tall.jpg", picture(30, 90), "is 30 by 90, and Instagram shows shapes from 4:5 to 1.91:1."),
        ("half.jpg", JPEG, "half.jpg is damaged"),
    ):
        other = await send(ada, f"{where}/uploads", name, content)
        refused = await ada.swap(f"/library/files/{other}/picture?review={review}")
        assert refused.status_code == 422
        assert said in refused.text
        assert (await ada.api.get(f"/v1/files/{other}")).json()["public_url"] is None


async def test_a_chapters_heading_is_shown_once(ada: Visitor, runtime: "Runtime") -> None:
    file_id = await send(ada, f"{await project(ada)}/uploads", "tea.md", b"# On tea\n\nIt takes 3 minutes.")
    await read(runtime, ada, file_id)
    text = (await ada.see(f"/library/files/{file_id}")).partition('class="file-text"')[2]
    assert text.partition("</section>")[0].count("On tea") == 1
