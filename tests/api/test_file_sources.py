"""Workflows about what the workspace keeps: a file's text, a post."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from core.db import Database
from tests.plugins.api import Api, User

TEXT = "Tea is brewed for 3 minutes.\n\nCoffee is brewed for 4 minutes."
PLACES = [
    {"at": 0, "kind": "page", "label": "1", "seconds": None},
    {"at": 30, "kind": "page", "label": "2", "seconds": None},
]
POST = text("""
INSERT INTO posts (id, workspace_id, platform, platform_post_id, content_type, title, url, text_content, published)
VALUES (CAST(:id AS uuid), :workspace_id, 'blog', CAST(:id AS text), 'article', 'On tea', 'https://blog.example/tea', :text, true)
""")


async def uploaded(user: User) -> dict[str, Any]:
    project = (await user.post("/v1/projects", json={"title": "Drinks"})).json()
    path = f"/v1/projects/{project['id']}/files"
    file: dict[str, Any] = (await user.post(path, files={"file": ("tea.txt", b"Tea.")})).json()
    return file


async def read(db: Database, file_id: str, **values: Any) -> None:
    """What a worker does."""
    async with db.service() as session:
        await session.execute(
            text("UPDATE files SET extraction_status = :status, error = :error WHERE id = :id"),
            {"status": "completed", "error": None, "id": UUID(file_id)} | values,
        )
        await session.execute(
            text("UPDATE extractions SET text = :text, places = :places, progress = 100 WHERE file_id = :id"),
            {"text": TEXT, "places": json.dumps(PLACES), "id": UUID(file_id)}
            | {name: value for name, value in values.items() if name == "text"},
        )


async def start(user: User, source: dict[str, str], path: str = "/v1/workflows") -> Any:
    return await user.post(path, json={"source": source, "platforms": ["x"]})


async def test_a_files_text_is_written_from_and_leads_back_to_its_page(api: Api, db: Database) -> None:
    user = await api.user()
    source = {"type": "file", "file_id": (await uploaded(user))["id"]}
    early = await start(user, source)
    assert (early.status_code, early.json()["code"]) == (409, "SourceNotReady")
    assert early.json()["errors"][0]["pointer"] == "/source/file_id"
    assert f"GET /v1/files/{source['file_id']}/text?wait=30" in early.json()["remedy"]

    await read(db, source["file_id"])
    shown = (await start(user, source, "/v1/workflows/preview")).json()["source"]
    assert (shown["type"], shown["title"], shown["id"]) == ("file", "tea", source["file_id"])
    begun = await start(user, source)
    assert begun.status_code == 202, begun.text
    found = (await user.get(begun.headers["location"])).json()
    assert found["source"] == {"type": "file", "url": None, "title": "tea", "id": source["file_id"]}
    file = (await user.get(f"/v1/files/{source['file_id']}")).json()
    assert found["project_id"] == file["project_id"], "nobody has named another"
    other = (await user.post("/v1/projects", json={"title": "Tea"})).json()["id"]
    begun = await user.post("/v1/workflows", json={"source": source, "platforms": ["x"], "project_id": other})
    assert (await user.get(begun.headers["location"])).json()["project_id"] == other
    async with db.service() as session:
        kept = await session.scalar(
            text("SELECT source_content FROM workflows WHERE id = :id"), {"id": UUID(found["id"])}
        )
    assert (kept["text"], kept["places"]) == (TEXT, PLACES)


@pytest.mark.parametrize(
    ("values", "detail"),
    [
        ({"status": "failed", "error": "It is encrypted."}, "The file cannot be read: It is encrypted."),
        ({"text": " "}, "There are no words in tea.txt."),
    ],
)
async def test_a_file_without_text_says_why(
    api: Api, db: Database, values: dict[str, str], detail: str
) -> None:
    user = await api.user()
    source = {"type": "file", "file_id": (await uploaded(user))["id"]}
    await read(db, source["file_id"], **values)
    answer = await start(user, source)
    assert (answer.status_code, answer.json()["code"]) == (422, "SourceWithoutText")
    assert answer.json()["errors"] == [{"pointer": "/source/file_id", "detail": detail}]
    assert answer.json()["remedy"]


async def test_a_post_is_written_from_and_remembered(api: Api, db: Database) -> None:
    user = await api.user()
    ids = {}
    for words in (TEXT, None):
        ids[words] = str(uuid4())
        async with db.service() as session:
            await session.execute(POST, {"id": ids[words], "workspace_id": user.workspace_id, "text": words})
    source = {"type": "post", "post_id": ids[TEXT]}
    begun = await start(user, source)
    assert begun.status_code == 202, begun.text
    found = (await user.get(begun.headers["location"])).json()
    assert found["source"] == {
        "type": "post",
        "url": "https://blog.example/tea",
        "title": "On tea",
        "id": ids[TEXT],
    }
    async with db.service() as session:
        about = await session.scalar(
            text("SELECT source_post_id FROM workflows WHERE id = :id"), {"id": UUID(found["id"])}
        )
    assert str(about) == ids[TEXT]
    empty = await start(user, {"type": "post", "post_id": ids[None]})
    assert (empty.status_code, empty.json()["code"]) == (422, "SourceWithoutText")


async def test_what_others_keep_is_not_there(api: Api, db: Database) -> None:
    owner, other = await api.user(), await api.user()
    file = await uploaded(owner)
    await read(db, file["id"])
    for source in ({"type": "file", "file_id": file["id"]}, {"type": "post", "post_id": str(uuid4())}):
        answer = await start(other, source)
        assert (answer.status_code, answer.json()["code"]) == (422, "Invalid")
        assert answer.json()["errors"][0]["detail"] == f"There is no such {source['type']}."
