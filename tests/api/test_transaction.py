"""One transaction for each request: committed before the answer, begun when it is needed."""

from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import text

from api.app import create_app
from api.deps import Db, LibraryEditor, Session, Work
from api.route import router as new_router
from core.db import Database
from core.errors import Conflict
from core.settings import Settings
from services.library import projects
from services.operations.health import pool_use
from tests.plugins.api import Api

router = new_router("/v1/probe", "probe")
worked: list[str] = []
OUTAGES = ("53100", "53300", "57P01", "57P02", "57P03", "08006", "40P01", "40001", "55P03", "25006", "58030")


@router.post("/killed")
async def killed(principal: LibraryEditor, session: Session, db: Db) -> dict[str, str]:
    """Does its work, and loses the connection just before the commit."""
    await projects.create(session, principal, title="never there", description=None)
    pid = await session.scalar(text("SELECT pg_backend_pid()"))
    async with db.engine.connect() as other:
        await other.execute(text("SELECT pg_terminate_backend(:pid, 1000)"), {"pid": pid})
    return {"status": "done"}


@router.post("/database/{sqlstate}")
async def raised(sqlstate: str, principal: LibraryEditor, session: Session) -> None:
    await projects.create(session, principal, title="never there", description=None)
    await session.execute(
        text(f"DO $$ BEGIN RAISE EXCEPTION 'so it is' USING ERRCODE = '{sqlstate}'; END $$")
    )


@router.post("/refused")
async def refused(principal: LibraryEditor, session: Session) -> None:
    await projects.create(session, principal, title="never there", description=None)
    raise Conflict("Not like this.")


@router.post("/slow")
async def slow(principal: LibraryEditor, work: Work, db: Db) -> dict[str, int]:
    """Has something to do before its transaction begins."""
    worked.append(principal.username)
    held, _ = pool_use(db)
    session = await work.begin()
    await projects.create(session, principal, title="slow", description=None)
    return {"held": held}


@pytest.fixture
async def probed(settings: Settings, db: Database) -> AsyncIterator[Api]:
    async with Api(create_app(settings, routers=[router], database=db)) as api:
        yield api


async def titles(client: httpx.AsyncClient) -> list[str]:
    return [item["title"] for item in (await client.get("/v1/projects")).json()["items"]]


async def test_what_could_not_be_committed_was_not_done(probed: Api) -> None:
    user = await probed.user()
    answer = await user.post("/v1/probe/killed")
    assert (answer.status_code, answer.json()["code"]) == (503, "Unavailable")
    assert await titles(user) == []


async def test_an_outage_is_told_from_a_mistake(probed: Api) -> None:
    """Full, out of connections, ended, crashed, starting, lost, deadlocked, not serialisable, locked, failing over."""
    user = await probed.user()
    for state in OUTAGES:
        answer = await user.post(f"/v1/probe/database/{state}")
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json"), (
            state
        )
        assert (answer.json()["retryable"], answer.headers["retry-after"]) == (True, "5")
    assert (await user.post("/v1/probe/database/54000")).status_code == 500
    assert await titles(user) == []


async def test_a_refusal_leaves_nothing_behind(probed: Api) -> None:
    user = await probed.user()
    for _ in range(2):
        answer = await user.post("/v1/probe/refused", headers={"Idempotency-Key": "k"})
        assert (answer.status_code, answer.json()["code"]) == (409, "Conflict")
    assert await titles(user) == []


async def test_slow_work_holds_no_connection_and_is_not_done_twice(probed: Api) -> None:
    user = await probed.user("ada")
    answers = [await user.post("/v1/probe/slow", headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.json() for answer in answers] == [{"held": 0}, {"held": 0}]
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert worked == ["ada"]
    assert await titles(user) == ["slow"]
