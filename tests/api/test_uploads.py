"""The tus protocol as its specification has it, over several processes' worth of applications, and with a client of others."""

import asyncio
import base64
import hashlib
import os
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from sqlalchemy import text

from core import storage
from core.settings import Settings
from services.library.uploads import PART_BYTES
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import Api, User
from tests.plugins.files import objects, project

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


async def begin(user: User, project_id: str, length: int, name: str = "notes.txt") -> str:
    headers = {
        **TUS,
        "Upload-Length": str(length),
        "Upload-Metadata": f"filename {encoded(name)},mine {encoded('x')}",
    }
    made = await user.post(f"/v1/projects/{project_id}/uploads", headers=headers)
    assert made.status_code == 201, made.text
    assert made.headers["tus-resumable"] == "1.0.0"
    assert parsedate_to_datetime(made.headers["upload-expires"]) > datetime.now(UTC)
    return made.headers["location"]


async def go_on(user: User, path: str, offset: int, content: Any, **headers: str) -> httpx.Response:
    given = {**BYTES, "Upload-Offset": str(offset), **headers}
    in_bytes = {name.encode(): value.encode("latin-1") for name, value in given.items()}
    return await user.patch(path, content=content, headers=in_bytes)


async def stands(user: User, path: str) -> int:
    found = await user.head(path, headers=TUS)
    assert found.status_code == 200
    assert found.headers["cache-control"] == "no-store"
    return int(found.headers["upload-offset"])


async def files(user: User, project_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await user.get(f"/v1/projects/{project_id}/files")).json()["items"]
    return found


async def test_a_workspace_takes_no_more_than_its_room(api: Api, settings: Settings) -> None:
    from api.app import create_app

    user, other = await api.user(), await api.user()
    project_id, others = await project(user), await project(other)
    small = settings.model_copy(update={"workspace_storage": 10_000})
    async with Api(create_app(small, database=api.app.state.db)) as narrow:
        client, stranger = (
            narrow.client(each.headers["authorization"].removeprefix("Bearer ")) for each in (user, other)
        )
        where, headers = f"/v1/projects/{project_id}/uploads", {**TUS, "Upload-Length": "3000"}
        begun = await asyncio.gather(*(client.post(where, headers=headers) for _ in range(5)))
        assert sorted(each.status_code for each in begun) == [201, 201, 201, 413, 413], "at once, too"
        whole = next(each.headers["location"] for each in begun if each.status_code == 201)
        assert (await go_on(client, whole, 0, bytes(3000))).status_code == 204, "it had taken its room"
        before, form = objects(settings), {"file": ("more.txt", b"x" * 1001)}
        refused = await client.post(f"/v1/projects/{project_id}/files", files=form)
        assert (refused.status_code, refused.json()["code"]) == (413, "WorkspaceFull")
        assert objects(settings) == before
        fits = {"file": ("more.txt", b"x" * 1000)}
        assert (await client.post(f"/v1/projects/{project_id}/files", files=fits)).status_code == 201
        assert (await stranger.post(f"/v1/projects/{others}/files", files=form)).status_code == 201
        assert (await client.delete(whole.replace("uploads", "files"))).status_code == 204
        assert (await client.post(where, headers=headers)).status_code == 201


async def test_an_upload_goes_on_in_another_process(api: Api, settings: Settings) -> None:
    from api.app import create_app

    user = await api.user()
    project_id = await project(user)
    content = os.urandom(PART_BYTES + 1000)
    path = await begin(user, project_id, len(content), "ünï.bin")
    assert (await go_on(user, path, 0, content[:300])).headers["upload-offset"] == "300"
    async with Api(create_app(settings, database=api.app.state.db)) as another:
        there = another.client(user.headers["authorization"].removeprefix("Bearer "))
        assert await stands(there, path) == 300
        [listed] = (await there.get(f"/v1/projects/{project_id}/uploads")).json()["items"]
        assert (listed["received"], listed["length"], listed["name"]) == (300, len(content), "ünï.bin")
        assert await files(there, project_id) == []
        last = await go_on(there, path, 300, content[300:])
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(content)))
    assert await stands(user, path) == len(content)
    [file] = await files(user, project_id)
    assert path == f"/v1/uploads/{file['id']}"
    assert (file["name"], file["size_bytes"]) == ("ünï.bin", len(content))
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert (await user.get(f"/v1/files/{file['id']}/content")).content == content
    assert (await user.get(f"/v1/projects/{project_id}/uploads")).json()["items"] == []
    again = await go_on(user, path, 300, content[300:])
    assert (again.status_code, again.json()["code"]) == (409, "OffsetConflict")
    assert len(await files(user, project_id)) == 1


async def test_a_cut_connection_keeps_what_came_and_makes_no_file(
    api: Api, live_url: str, settings: Settings
) -> None:
    """Of an upload; of a form nothing stays."""
    user = await api.user()
    project_id = await project(user)
    path = await begin(user, project_id, 1000)
    authorization = f"Authorization: {user.headers['authorization']}\r\n"
    patch = "".join(f"{name}: {value}\r\n" for name, value in {**BYTES, "Upload-Offset": "0"}.items())
    await cut_off(live_url, "PATCH", path, authorization + patch, b"x" * 400)
    await cut_off(
        live_url,
        "POST",
        f"/v1/projects/{project_id}/files",
        f"{authorization}Content-Type: multipart/form-data; boundary=b\r\n",
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + b"x" * 300,
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await stands(user, path) != 400 or any("#" in name for name in objects(settings)):
            await asyncio.sleep(0.01)
    assert await files(user, project_id) == []
    assert {name.partition("/")[0] for name in objects(settings)} == {"staging"}
    assert (await go_on(user, path, 400, b"x" * 600)).status_code == 204
    [file] = await files(user, project_id)
    assert file["sha256"] == hashlib.sha256(b"x" * 1000).hexdigest()


async def cut_off(url: str, method: str, path: str, headers: str, body: bytes) -> None:
    """Send a part of what the headers announce, see it taken in, and go."""
    address = httpx.URL(url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    headers = f"Host: localhost\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n{headers}"
    writer.write(f"{method} {path} HTTP/1.1\r\n{headers}\r\n".encode())
    assert b"100 Continue" in await reader.readline()
    writer.write(body)
    async with httpx.AsyncClient(base_url=url) as client:
        await client.get("/healthz")  # the server has read the body by then
    writer.close()
    await writer.wait_closed()


async def test_offsets_lengths_and_checksums_are_held_to(api: Api, settings: Settings) -> None:
    user = await api.user()
    project_id = await project(user)
    path = await begin(user, project_id, 10)
    assert (await go_on(user, path, 5, b"abc")).status_code == 409
    assert (await go_on(user, path, 0, b"12345678901")).status_code == 413
    wrong = base64.b64encode(hashlib.sha1(b"other").digest()).decode()
    refused = await go_on(user, path, 0, b"12345", **{"Upload-Checksum": f"sha1 {wrong}"})
    assert (refused.status_code, refused.json()["status"]) == (460, 460)
    assert refused.json()["code"] == "ChecksumMismatch"
    assert refused.headers["tus-resumable"] == "1.0.0"
    assert await stands(user, path) == 0
    assert objects(settings) == set()
    for algorithm, content, offset in (("sha1", b"12345", 0), ("sha256", b"67890", 5)):
        digest = base64.b64encode(hashlib.new(algorithm, content).digest()).decode()
        taken = await go_on(user, path, offset, content, **{"Upload-Checksum": f"{algorithm} {digest}"})
        assert taken.status_code == 204, taken.text
    assert len(await files(user, project_id)) == 1


async def test_headers_that_are_wrong_are_named(api: Api) -> None:
    user = await api.user()
    project_id = await project(user)
    where = f"/v1/projects/{project_id}/uploads"
    path = await begin(user, project_id, 10)
    for status, answer in (
        (412, await user.post(where, headers={"Upload-Length": "10"})),
        (412, await user.head(path)),
        (400, await user.post(where, headers=TUS)),
        (400, await user.post(where, headers={**TUS, "Upload-Length": "-1"})),
        (400, await user.post(where, headers={**TUS, "Upload-Length": "1", "Upload-Metadata": "filename ?"})),
        (
            400,
            await user.post(
                where, headers={**TUS, "Upload-Length": "1", "Upload-Metadata": "a " + "A" * 4000}
            ),
        ),
        (413, await user.post(where, headers={**TUS, "Upload-Length": str(2**40)})),
        (400, await user.patch(path, content=b"x", headers=BYTES)),
        (415, await user.patch(path, content=b"x", headers={**TUS, "Upload-Offset": "0"})),
        (400, await go_on(user, path, 0, b"x", **{"Upload-Checksum": "crc32 AAAA"})),
        (400, await go_on(user, path, 0, b"x", **{"Upload-Checksum": "sha1 ?"})),
        (400, await go_on(user, path, 0, b"x", **{"Upload-Checksum": "sha1 \u00e9"})),
        (400, await user.post(path, content=b"x", headers={**BYTES, "Upload-Offset": "0"})),
    ):
        assert answer.status_code == status, answer.text
        assert answer.headers["tus-version"] == "1.0.0"
    told = await api.client().options(where)
    assert told.status_code == 204
    assert told.headers["tus-extension"] == "creation,expiration,termination,checksum"
    assert int(told.headers["tus-max-size"]) == 2 * 1024**3


async def test_uploads_are_ended_left_and_nobody_elses(api: Api, settings: Settings) -> None:
    from services.library.uploads import remove_staging

    user, stranger = await api.user(), await api.user()
    viewer = await api.member(user, "viewer")
    project_id = await project(user)
    path = await begin(user, project_id, 10)
    assert (await go_on(user, path, 0, b"12345")).status_code == 204
    assert len(objects(settings)) == 1
    assert (await stranger.head(path, headers=TUS)).status_code == 404
    for client, status in ((stranger, 404), (viewer, 403), (api.client(), 401)):
        assert (await go_on(client, path, 5, b"67890")).status_code == status
        assert (await client.delete(path, headers=TUS)).status_code == status
    headers = {**TUS, "Upload-Length": "1"}
    assert (await stranger.post(f"/v1/projects/{project_id}/uploads", headers=headers)).status_code == 404

    assert (await user.delete(path, headers=TUS)).status_code == 204
    assert (await user.head(path, headers=TUS)).status_code == 404
    [(_, arguments)] = await jobs(api, "delete_staging")
    await remove_staging(storage.of(settings), arguments["upload_id"])
    assert objects(settings) == set()

    late = await begin(user, project_id, 10)
    async with api.app.state.db.service() as session:
        await session.execute(text("UPDATE uploads SET expires_at = now() - interval '1 second'"))
    for answer in (await user.head(late, headers=TUS), await go_on(user, late, 0, b"1234567890")):
        assert answer.status_code == 410
    assert await files(user, project_id) == []


async def test_a_file_of_nothing_is_whole_at_once(api: Api) -> None:
    user = await api.user()
    project_id = await project(user)
    path = await begin(user, project_id, 0, "empty.txt")
    assert await stands(user, path) == 0
    [file] = await files(user, project_id)
    assert (file["name"], file["size_bytes"]) == ("empty.txt", 0)


async def test_of_two_clients_at_one_offset_one_is_refused(api: Api, settings: Settings) -> None:
    user = await api.user()
    project_id = await project(user)
    path = await begin(user, project_id, 6)
    answers = await asyncio.gather(*(go_on(user, path, 0, content) for content in (b"abcdef", b"uvwxyz")))
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    [file] = await files(user, project_id)
    winner = (b"abcdef", b"uvwxyz")[[answer.status_code for answer in answers].index(204)]
    assert (await user.get(f"/v1/files/{file['id']}/content")).content == winner
    staged = {path for path in objects(settings) if path.startswith("staging/")}
    assert objects(settings) - staged == {file["path"]}


async def jobs(api: Api, task: str) -> list[tuple[int, dict[str, Any]]]:
    async with api.app.state.db.service() as session:
        found = await session.execute(
            text("SELECT id, args FROM procrastinate_jobs WHERE task_name = :task ORDER BY id"),
            {"task": task},
        )
        return [(row.id, row.args) for row in found]
