"""Callers find a workflow by what they call it, among many, without looking at the others."""

from uuid import UUID

import pytest
from sqlalchemy import text

from core import sql
from core.db import Database
from core.sql import Statement
from services import pages, workflow_views
from services.workflow_views import Filters
from tests.plugins.api import Api, User

MANY = text("""
INSERT INTO workflows (workspace_id, metadata, created_at)
SELECT :workspace_id, jsonb_build_object('ticket', 'NEWS-' || n, 'team', CASE WHEN n % 2 = 0 THEN 'a' ELSE 'b' END),
    now() - n * interval '1 minute' FROM generate_series(1, 2000) n
""")


async def start(user: User, metadata: dict[str, object], **brief: object) -> str:
    body = {"source": {"type": "text", "text": "Tea."}, "platforms": ["x"], "metadata": metadata, **brief}
    answer = await user.post("/v1/workflows", json=body)
    assert answer.status_code == 202, answer.text
    found: str = answer.json()["id"]
    return found


async def found(user: User, metadata: str, **query: str) -> list[str]:
    answer = await user.get("/v1/workflows", params={"metadata": metadata, **query})
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_by_any_of_the_callers_own_words(api: Api) -> None:
    user, stranger = await api.user(), await api.user()
    one = await start(user, {"ticket": "NEWS-7", "team": "Łódź", "urgent": True, "round": 2, "tags": ["x"]})
    two = await start(user, {"ticket": "NEWS-8", "team": "Łódź", "ü" * 300: "long"}, external_id="theirs-8")
    await start(stranger, {"ticket": "NEWS-7"})
    assert await found(user, '{"ticket": "NEWS-7"}') == [one]
    assert await found(user, '{"team": "Łódź"}') == [two, one]
    assert await found(user, '{"team": "Łódź", "ticket": "NEWS-8"}') == [two]
    assert await found(user, '{"team": "Łódź", "ticket": "NEWS-9"}') == []
    assert await found(user, '{"urgent": true, "round": 2}') == [one]
    assert await found(user, '{"team": "Łódź"}', external_id="theirs-8") == [two]
    assert await found(user, '{"team": "Łódź"}', status="failed") == []
    assert await found(user, "{}") == [two, one]
    first = (await user.get("/v1/workflows", params={"metadata": '{"team": "Łódź"}', "limit": 1})).json()
    assert await found(user, '{"team": "Łódź"}', cursor=first["next_cursor"]) == [one]


@pytest.mark.parametrize(
    "metadata",
    [
        "ticket",
        '["ticket"]',
        '{"ticket": {"a": 1}}',
        '{"ticket": null}',
        '"x"',
        r'{"a": "\u0000"}',
        r'{"a": "\ud800"}',
    ],
)
async def test_what_cannot_be_looked_for(api: Api, metadata: str) -> None:
    user = await api.user()
    answer = await user.get("/v1/workflows", params={"metadata": metadata})
    assert (answer.status_code, answer.json()["errors"][0]["parameter"][:14]) == (422, "query.metadata")


async def test_by_index_and_under_row_security(api: Api, db: Database) -> None:
    user, stranger = await api.user(), await api.user()
    async with db.service() as session:
        for workspace_id in (user.workspace_id, stranger.workspace_id):
            await session.execute(MANY, {"workspace_id": workspace_id})
    wanted = pages.Wanted(limit=10)
    for metadata in ({"ticket": "NEWS-1999"}, {"team": "a", "ticket": "NEWS-4"}):
        statement, given = workflow_views.page(Filters(metadata=metadata), goes_on=False)
        explained = Statement(b"EXPLAIN (ANALYZE, TIMING OFF) " + statement.query, statement.names)
        async with db.reading(user.workspace_id, user.user_id) as connection:
            rows = await sql.rows(connection, explained, {**given, **pages.parameters(wanted)})
        plan = "\n".join(row["QUERY PLAN"] for row in rows)
        assert "ix_workflow_metadata_pair" in plan, plan
        assert "Sort" not in plan.partition("Limit")[2].partition("Index")[0], plan
    first = await _ids(db, user, {"team": "a"})
    assert len(first) == 10
    assert first == await _ids(db, user, {"team": "a"})
    assert not set(first) & set(await _ids(db, stranger, {"team": "a"}))


async def _ids(db: Database, user: User, metadata: dict[str, str]) -> list[UUID]:
    async with db.reading(user.workspace_id, user.user_id) as connection:
        shown = await workflow_views.browse(connection, pages.Wanted(10), Filters(metadata=metadata))
    return [each.id for each in shown.items]
