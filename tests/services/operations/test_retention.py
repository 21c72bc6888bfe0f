"""What is kept for ever, what is archived, and what goes."""

from uuid import UUID

import pytest
from sqlalchemy import text

from core.db import SERVICE, Database
from core.settings import Settings
from services.operations.routines import (
    archive_workflows,
    keep_partitions,
    remove_checkpoints,
    remove_expired,
)
from services.operations.schema_proofs import enter
from services.operations.schema_samples import fill

_KEPT = ("drafts", "evaluations", "reviews", "publishing_jobs", "publishing_attempts", "posts")


@pytest.fixture
async def ended(db: Database) -> UUID:
    """A workflow that completed 91 days ago, with checkpoints left over; beside it another that did so just now."""
    async with db.service() as session:
        connection = await session.connection()
        old, new = [await connection.run_sync(fill) for _ in range(2)]
        for statement in (
            "UPDATE platform_states SET status = 'published'",
            "UPDATE workflows SET status = 'completed'",
            "INSERT INTO checkpoints (thread_id, checkpoint_id, checkpoint) SELECT id::text, '1', '{}' FROM threads",
            "INSERT INTO checkpoint_blobs (thread_id, channel, version, type) SELECT id::text, 'c', '1', 'empty'"
            " FROM threads",
        ):
            await session.execute(text(statement))
        assert new["workflows"]["id"] != old["workflows"]["id"]
    # The clock of `updated_at` is the trigger's: only whoever owns the table can set it back.
    async with db.engine.begin() as owner:
        for table, key in (("workflows", "id"), ("platform_states", "workflow_id")):
            await owner.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER trg_{table}_updated_at"))
            await owner.run_sync(enter, SERVICE)
            await owner.execute(
                text(f"UPDATE {table} SET updated_at = now() - interval '91 days' WHERE {key} = :id"),
                {"id": old["workflows"]["id"]},
            )
            await owner.execute(text("RESET ROLE"))
            await owner.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER trg_{table}_updated_at"))
    found: UUID = old["workflows"]["id"]
    return found


async def test_workflows_are_archived_after_90_idle_days(
    db: Database, settings: Settings, ended: UUID
) -> None:
    assert await archive_workflows(db, settings) == 1
    assert await archive_workflows(db, settings) == 0
    async with db.service() as session:
        archived = await session.scalars(text("SELECT id FROM workflows WHERE status = 'archived'"))
        assert list(archived) == [ended]
        for table in _KEPT:
            assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == 2, table


async def test_checkpoints_go_a_day_after_the_end(db: Database, settings: Settings, ended: UUID) -> None:
    await remove_checkpoints(db, settings)
    async with db.service() as session:
        for table in ("checkpoints", "checkpoint_blobs"):
            left = await session.scalars(
                text(f"SELECT workflow_id FROM {table} k JOIN platform_states p ON p.id = k.thread_id::uuid")
            )
            (kept,) = left
            assert kept != ended
        for table in _KEPT:
            assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == 2, table


async def test_what_is_expired_goes(db: Database, settings: Settings) -> None:
    async with db.service() as session:
        await (await session.connection()).run_sync(fill)
        await session.execute(text("UPDATE user_sessions SET expires_at = now() - interval '31 days'"))
        await session.execute(text("UPDATE invitations SET expires_at = now() - interval '29 days'"))
        await session.execute(text("UPDATE idempotency_keys SET expires_at = now() - interval '1 second'"))
        await session.execute(text("UPDATE review_presence SET seen_at = now() - interval '61 minutes'"))
    assert await remove_expired(db, settings) == 3
    async with db.service() as session:
        assert await session.scalar(text("SELECT count(*) FROM invitations")) == 1


async def test_months_of_the_log_come_and_go(db: Database, settings: Settings) -> None:
    async with db.engine.begin() as owner:
        await owner.execute(
            text(
                "CREATE TABLE processing_logs_y2020m01 PARTITION OF processing_logs"
                " FOR VALUES FROM ('2020-01-01+00') TO ('2020-02-01+00')"
            )
        )
    assert await keep_partitions(db, settings) == 1
    assert await keep_partitions(db, settings) == 0
