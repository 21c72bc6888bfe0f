"""What a full database is asked to read: whatever a person or a worker does, never all of a table, nor of a workspace."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest

from bench.seed import Size, seed
from core.db import Database, libpq_url
from core.principal import Principal, Role
from core.settings import Settings
from graphs.interrupts import Decision
from services.operations.housekeeping import retry_stuck
from services.operations.routines import archive_workflows, remove_expired
from tests.plugins.api import Api, User
from tests.plugins.scene import Scene

SIZE = Size(reviews=2_000, posts=6_000, drafts=12_000, workspaces=4)
LARGE = 1_000
"""Rows from which on a table must not be read from its beginning."""
MOST = 2_500
"""Entries of one index that a step may read, all of `READS` together being one; the big workspace has 4,000 threads."""

READS = (
    "/v1/workflows/{workflow_id}",
    "/v1/workflows",
    "/v1/workflows?status=failed",
    "/v1/workflows?external_id=none",
    "/v1/workflows?project_id={workflow_id}",
    "/v1/workflows?campaign_id={workflow_id}",
    "/v1/reviews/{review_id}",
    "/v1/reviews",
    "/v1/reviews?status=pending",
    "/v1/reviews?status=superseded",
    "/v1/reviews?status=pending&platform=linkedin",
    "/v1/reviews?status=pending&platform=blog",
    "/v1/reviews?status=pending&assignee=me",
    "/v1/reviews?status=pending&assignee=nobody",
    "/v1/reviews?sort=urgent&include=names",
    "/v1/reviews?sort=urgent&platform=x",
    "/v1/reviews?sort=urgent&platform=blog",
    "/v1/reviews?project_id={workflow_id}",
    "/v1/reviews?workflow_id={workflow_id}",
    "/v1/threads/{thread_id}/drafts",
    "/v1/outputs/{thread_id}",
    "/v1/posts",
    "/v1/posts?platform=x&takedown_status=removed",
    "/v1/posts?q=shipped",
    "/v1/publishing-jobs",
    "/v1/publishing-jobs?status=failed",
    "/v1/publishing-jobs?status=held&status=failed&status=unknown&status=published",
    "/v1/threads/{thread_id}/drafts/diff",
    "/v1/reviews/{review_id}/comments",
    "/v1/publishing-jobs?platform=x",
    "/v1/publishing-jobs?workflow_id={workflow_id}",
    "/v1/publishing-jobs/{job_id}",
)
PAGED = (
    "/v1/workflows",
    "/v1/reviews",
    "/v1/reviews?status=pending",
    "/v1/reviews?sort=urgent",
    "/v1/posts",
    "/v1/publishing-jobs",
)


@pytest.fixture
def superuser_url(settings: Settings) -> str:
    return libpq_url(settings).replace("proofroom@", "postgres@", 1)


@pytest.fixture
def superuser(superuser_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        yield connection


class Reading:
    """Rows that steps read, by the server's own count, which a connection adds to when it ends."""

    def __init__(self, db: Database, superuser: psycopg.Connection) -> None:
        self._db = db
        self._superuser = superuser
        self.too_much: list[str] = []

    async def of(self, name: str, step: Callable[[], Awaitable[Any]]) -> Any:
        before = await self._counts()
        result = await step()
        for (kind, what), rows in (await self._counts()).items():
            read = rows - before.get((kind, what), 0)
            if read > (0 if kind == "whole" else MOST):
                self.too_much.append(f"{name}: {kind} {what}, {read} rows")
        return result

    async def _counts(self) -> dict[tuple[str, str], int]:
        await self._db.dispose()
        while self._connections():
            await asyncio.sleep(0.005)
        found = self._superuser.execute(
            "SELECT 'whole', relname::text, seq_tup_read FROM pg_stat_user_tables WHERE n_live_tup > %s"
            " UNION ALL SELECT 'by', indexrelname::text, idx_tup_read FROM pg_stat_user_indexes",
            [LARGE],
        )
        return {(kind, what): rows for kind, what, rows in found}

    def _connections(self) -> int:
        """Those of the pools; a listener keeps its own."""
        found = self._superuser.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND query NOT LIKE 'LISTEN%'"
        ).fetchone()
        assert found is not None
        return int(found[0])


async def test_nobody_reads_a_whole_table(
    api: Api, scene: Scene, superuser: psycopg.Connection, superuser_url: str
) -> None:
    owner = await api.user()
    principal = Principal(owner.user_id, owner.username, owner.workspace_id, Role.OWNER)
    scene = replace(scene, db=api.app.state.db, principal=principal)
    await asyncio.to_thread(seed, superuser_url, SIZE, big=owner.workspace_id)
    reading = Reading(scene.db, superuser)
    await reading.of("reads", partial(_read, owner, await _newest(owner)))
    await _write(scene, reading)
    # The routine for checkpoints rightly reads all of so few threads.
    for routine in (archive_workflows, remove_expired, retry_stuck):
        await reading.of(routine.__name__, partial(routine, scene.db, scene.settings))
    assert reading.too_much == []


async def _newest(owner: User) -> dict[str, str]:
    (review, *_), (job, *_) = [
        (await _get(owner, path))["items"] for path in ("/v1/reviews?status=pending", "/v1/publishing-jobs")
    ]
    named = {name: review[name] for name in ("workflow_id", "thread_id")}
    return {**named, "review_id": review["id"], "job_id": job["id"]}


async def _read(owner: User, ids: Mapping[str, str]) -> None:
    for path in READS:
        await _get(owner, path.format(**ids))
    for path in PAGED:
        cursor = (await _get(owner, path))["next_cursor"]
        await _get(owner, f"{path}{'&' if '?' in path else '?'}cursor={cursor}")


async def _get(owner: User, path: str) -> Any:
    answer = await owner.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _write(scene: Scene, reading: Reading) -> None:
    while await scene.advance():
        pass
    threads: list[UUID] = await reading.of("start", lambda: scene.start("x", text="Read by index."))
    await reading.of("draft", scene.advance)
    await reading.of("accept", lambda: scene.accept(threads[0]))
    await reading.of("publish", scene.advance)
    assert (await scene.state(threads[0]))["status"] == "published"
    threads = await scene.start("x", text="Read by index again.")
    await scene.advance()
    await reading.of("reject", lambda: scene.decide(threads[0], Decision(decision="reject", feedback="No.")))
    await reading.of("end", scene.advance)
