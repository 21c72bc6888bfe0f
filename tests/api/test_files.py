"""Files in as forms, out in ranges, and gone with all that was stored of them."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from obstore.store import LocalStore

from core.db import Database
from core.settings import Settings
from core.storage import Storage, Stored
from services.operations.health import pool_use
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import Api
from tests.plugins.files import objects, project, send, sent

BOOK = b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip"


async def test_a_file_comes_in_and_out(api: Api, settings: Settings) -> None:
    user = await api.user()
    project_id = await project(user)
    large = os.urandom(3_000_000)
    file = await sent(user, project_id, large, "Ünï “b”.bin")
    assert file["name"] == "Ünï “b”.bin"
    assert file["size_bytes"] == len(large)
    assert file["sha256"] == hashlib.sha256(large).hexdigest()
    assert file["mime_type"] == "application/octet-stream"
    assert file["extraction_status"] == "pending"
    assert (file["error"], file["public_url"]) == (None, None)
    assert file["path"].startswith(f"{user.user_id}/{project_id}/")
    assert objects(settings) == {file["path"]}
    assert (await user.get(f"/v1/files/{file['id']}")).json() == file
    second = await sent(user, project_id)
    listed = (await user.get(f"/v1/projects/{project_id}/files?limit=1")).json()
    assert listed["items"] == [second]
    after = (await user.get(f"/v1/projects/{project_id}/files?cursor={listed['next_cursor']}")).json()
    assert after == {"items": [file], "next_cursor": None}

    path = f"/v1/files/{file['id']}/content"
    whole = await user.get(path)
    assert whole.content == large
    assert whole.headers["content-length"] == str(len(large))
    assert whole.headers["etag"] == f'"{file["sha256"]}"'
    assert whole.headers["content-disposition"] == (
        "attachment; filename=\"_n_ _b_.bin\"; filename*=UTF-8''%C3%9Cn%C3%AF%20%E2%80%9Cb%E2%80%9D.bin"
    )
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in whole.headers["content-security-policy"]
    head = await user.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(large))


class Watched(Storage):
    """Knows how many connections of the database were held whenever it was asked for something."""

    def __init__(self, settings: Settings, db: Database) -> None:
        super().__init__(LocalStore(settings.data_dir / "objects"))
        self.held: list[int] = []
        self._db = db

    async def head(self, path: str) -> Stored | None:
        self.held.append(pool_use(self._db)[0])
        return await super().head(path)


async def test_no_connection_waits_for_the_storage(api: Api, settings: Settings, db: Database) -> None:
    user = await api.user()
    at = f"/v1/files/{(await sent(user))['id']}"
    link = (await user.post(f"{at}/links", json={})).json()["url"]
    api.app.state.storage = watched = Watched(settings, db)
    for method, address in (("GET", f"{at}/content"), ("HEAD", f"{at}/content"), ("GET", link)):
        assert (await user.request(method, address)).status_code == 200
    assert watched.held == [0, 0, 0]


async def test_ranges_are_given_as_http_has_them(api: Api) -> None:
    user = await api.user()
    file = await sent(user, content=b"0123456789", name="digits.txt")
    path, etag = f"/v1/files/{file['id']}/content", f'"{file["sha256"]}"'
    for asked, content, told in (
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
    ):
        part = await user.get(path, headers={"Range": asked, "If-Range": etag})
        assert (part.status_code, part.content, part.headers["content-range"]) == (206, content, told), asked
    for headers in (
        {"Range": "bytes=2-4", "If-Range": '"another"'},
        {"Range": "bytes=2-4,6-7"},
        {"Range": "bytes=4-2"},
        {"Range": "lines=1-2"},
        {"Range": "bytes=-"},
        {"Range": f"bytes=0-{'9' * 5000}"},
        {"Range": f"bytes={'9' * 5000}-"},
    ):
        whole = await user.get(path, headers=headers)
        assert (whole.status_code, whole.content) == (200, b"0123456789"), headers
    for asked in ("bytes=10-", "bytes=99-100", "bytes=-0"):
        none = await user.get(path, headers={"Range": asked})
        assert (none.status_code, none.json()["code"]) == (416, "RangeNotSatisfiable"), asked
        assert none.headers["content-range"] == "bytes */10"
    for known in (etag, f'W/{etag}, "x"', "*"):
        same = await user.get(path, headers={"If-None-Match": known})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)


async def test_a_wrong_name_is_no_error(api: Api) -> None:
    user = await api.user()
    project_id = await project(user)
    for name, content, mime, extension in (
        ("letter.docx", b"%PDF-1.7\n", "application/pdf", "pdf"),
        ("letter.pdf", b"Just words.", "text/plain", "txt"),
        ("notes.md", b"# Words", "text/markdown", "md"),
        ("notes.md", b"# Of PDF\n\nIt begins with %PDF-1.7.", "text/markdown", "md"),
        ("a.txt", b"junk\n\n%PDF-1.7\n\x00", "application/pdf", "pdf"),
        ("notes.md", b"<!doctype html><p>Words", "text/html", "html"),
        ("notes.txt", b"WEBVTT\n\n00:01.000 --> 00:02.000\nHi", "text/vtt", "vtt"),
        ("notes", b"1\n00:00:01,000 --> 00:00:02,000\nHi", "application/x-subrip", "srt"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01", "image/png", "png"),
        ("a.txt", b"OggS\x00\x02", "audio/ogg", "ogg"),
        ("a.txt", b"\xff\xfb\x90\x00\x00", "audio/mpeg", "mp3"),
        ("a.txt", b"", "text/plain", "txt"),
        ("a.txt", b"<!---->" * 500, "text/plain", "txt"),
        ("a.txt", BOOK, "application/epub+zip", "epub"),
        ("a.txt", BOOK + b"a" * 1000, "application/epub+zip", "epub"),
        ("holiday\u202egpj\u2066.exe\u2028", b"\x00\x01\x02\x03", "application/octet-stream", "bin"),
        ("../../etc/passwd", b"\x00\x01\x02\x03", "application/octet-stream", "bin"),
        ("C:\\My files\\a\x7f\tb.txt", b"words", "text/plain", "txt"),
    ):
        file = await sent(user, project_id, content, name)
        assert (file["mime_type"], Path(file["path"]).suffix) == (mime, f".{extension}"), name
        assert "/" not in file["name"]
        assert "\\" not in file["name"]
        assert file["name"].isprintable()
        assert file["size_bytes"] == len(content)


FORM = {"Content-Type": "multipart/form-data; boundary=b"}
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nwords\r\n'


NO_FORMS: list[tuple[dict[str, str], bytes, int, str]] = [
    ({"Content-Type": "application/json"}, b"{}", 415, "no form"),
    ({"Content-Type": "multipart/form-data"}, PART + b"--b--\r\n", 422, "well-formed"),
    (FORM, b"", 422, "closing boundary"),
    (FORM, b"--b--\r\n", 422, "no file"),
    (FORM, b"nonsense", 422, "well-formed"),
    (FORM, PART, 422, "closing boundary"),
    (FORM, PART + PART + b"--b--\r\n", 422, "more than"),
    (FORM, PART.replace(b'name="file"', b'name="title"') + b"--b--\r\n", 422, "title"),
]


async def test_what_is_no_form_with_a_file_leaves_nothing(
    api: Api, settings: Settings, subtests: pytest.Subtests
) -> None:
    user = await api.user()
    project_id = await project(user)
    for headers, body, status, words in NO_FORMS:
        with subtests.test(repr(body)):
            answer = await user.post(f"/v1/projects/{project_id}/files", content=body, headers=headers)
            assert answer.status_code == status, answer.text
            assert words in answer.json()["detail"]
            assert answer.json()["remedy"]
            assert objects(settings) == set()
    assert (await user.get(f"/v1/projects/{project_id}/files")).json()["items"] == []


async def test_a_key_makes_one_file_of_two_sendings(api: Api, settings: Settings) -> None:
    user = await api.user()
    project_id = await project(user)
    first = await send(user, project_id, headers={"Idempotency-Key": "one"})
    again = await send(user, project_id, headers={"Idempotency-Key": "one"})
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    other = await send(user, project_id, b"other words", headers={"Idempotency-Key": "one"})
    assert (other.status_code, other.json()["code"]) == (422, "IdempotencyKeyReused")
    assert objects(settings) == {first.json()["path"]}


async def test_what_is_too_large_or_goes_nowhere_is_refused(api: Api, settings: Settings) -> None:
    from api.app import create_app

    user, other = await api.user(), await api.user()
    project_id = await project(user)
    for client, where in ((user, str(uuid4())), (other, project_id)):
        assert (await send(client, where)).status_code == 404
    small = settings.model_copy(update={"upload_limit": 200_000, "body_limit": 100_000})
    async with Api(create_app(small, database=api.app.state.db)) as narrow:
        client = narrow.client(user.headers["authorization"].removeprefix("Bearer "))
        assert (await send(client, project_id, bytes(150_000))).status_code == 201
        streamed = await client.post(
            f"/v1/projects/{project_id}/files", content=stream(bytes(50_000), 6), headers=FORM
        )
        for answer in (streamed, await send(client, project_id, bytes(300_000))):
            assert (answer.status_code, answer.json()["code"]) == (413, "TooLarge")
    assert len(objects(settings)) == 1


async def stream(piece: bytes, times: int) -> AsyncIterator[bytes]:
    yield PART.removesuffix(b"words\r\n")
    for _ in range(times):
        yield piece


async def test_what_is_deleted_goes_from_the_storage(api: Api, settings: Settings, worker: None) -> None:
    user = await api.user()
    one, two = await project(user), await project(user)
    file, kept = await sent(user, one), await sent(user, one)
    other = await sent(user, two)
    assert (await user.delete(f"/v1/files/{file['id']}")).status_code == 204
    assert (await user.get(f"/v1/files/{file['id']}/content")).status_code == 404
    assert (await user.delete(f"/v1/projects/{two}")).status_code == 204
    assert (await user.get(f"/v1/files/{other['id']}")).status_code == 404
    async with asyncio.timeout(PATIENCE_SECONDS):
        while objects(settings) != {kept["path"]}:
            await asyncio.sleep(0.02)


async def test_a_project_shows_what_is_in_it_when_asked(api: Api) -> None:
    user = await api.user()
    project_id = await project(user)
    file = await sent(user, project_id)
    brief = {"source": {"type": "text", "text": "We ship."}, "platforms": ["x"], "project_id": project_id}
    assert (await user.post("/v1/workflows", json=brief)).status_code == 202
    path = f"/v1/projects/{project_id}"
    plain = (await user.get(path)).json()
    assert not {"files", "outputs"} & plain.keys()
    whole = (await user.get(f"{path}?include=files,outputs")).json()
    assert whole["files"] == [file]
    [output] = whole["outputs"]
    assert (output["platform"], output["kind"], output["status"]) == ("x", "social", "queued")
    assert {name: whole[name] for name in plain} == plain
    assert "outputs" not in (await user.get(f"{path}?include=files")).json()
    assert (await user.get(f"{path}?include=everything")).status_code == 422
    stranger = await api.user()
    assert (await stranger.get(f"{path}?include=files")).status_code == 404
