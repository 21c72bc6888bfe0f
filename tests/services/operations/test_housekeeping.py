"""Work that nobody is going to do is handed to the workers again; what only waits is left alone."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from core.db import SERVICE, Database
from services.operations.housekeeping import retry_stuck
from services.operations.schema_proofs import enter
from services.operations.schema_samples import fill
from services.protocol import thread_rows
from tests.plugins.scene import Scene

LATER = datetime.now(UTC) + timedelta(days=1)


async def retry(scene: Scene) -> int:
    return await retry_stuck(scene.db, scene.settings)


async def let_go(scene: Scene, thread_id: UUID, *, hours_old: float = 1.1) -> None:
    """Nobody is to look after it any more."""
    await aged(
        scene.db,
        "platform_states",
        "due_at = NULL, lease_until = NULL",
        thread_id,
        hours_old,
    )


async def aged(db: Database, table: str, values: str, row_id: UUID, hours_old: float) -> None:
    """The clock of `updated_at` is the trigger's: only whoever owns the table can set it back."""
    async with db.engine.begin() as owner:
        await owner.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER trg_{table}_updated_at"))
        await owner.run_sync(enter, SERVICE)
        await owner.execute(
            text(
                f"UPDATE {table} SET {values}, updated_at = now() - make_interval(secs => :seconds) WHERE id = :id"
            ),
            {"id": row_id, "seconds": hours_old * 3600},
        )
        await owner.execute(text("RESET ROLE"))
        await owner.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER trg_{table}_updated_at"))


async def test_a_draft_that_nobody_writes_is_taken_up_again(scene: Scene) -> None:
    (thread_id,) = await scene.start()
    await let_go(scene, thread_id, hours_old=0.9)
    assert (await retry(scene), await scene.advance()) == (0, 0)
    await let_go(scene, thread_id)
    assert (await retry(scene), await retry(scene)) == (1, 0)
    await scene.advance()
    state = await scene.state(thread_id)
    assert (state["status"], state["lost_leases"]) == ("awaiting_review", 0)
    await let_go(scene, thread_id)
    assert await retry(scene) == 0, "it waits for a person"


async def test_a_deleted_thread_stays_as_it_is(scene: Scene) -> None:
    (thread_id,) = await scene.start()
    async with scene.tenant() as session:
        await thread_rows.delete(session, thread_id)
    await let_go(scene, thread_id)
    assert await retry(scene) == 0


async def test_what_is_lost_again_and_again_fails_with_the_reason(scene: Scene) -> None:
    (thread_id,) = await scene.start()
    for tries in range(1, 21):
        await let_go(scene, thread_id)
        assert await retry(scene) == 1
        assert (await scene.state(thread_id))["lost_leases"] == tries
    await scene.advance()
    state = await scene.state(thread_id)
    assert state["status"] == "failed"
    assert "20 times in a row" in state["error"]
    assert await retry(scene) == 0


async def test_a_post_that_nobody_sends_is_sent_and_one_that_waits_for_a_person_is_not(scene: Scene) -> None:
    lost, held = await scene.start("x", "linkedin")
    await scene.advance()
    for thread_id in (lost, held):
        await scene.accept(thread_id, schedule_for=LATER)
    await scene.advance()
    await scene.execute("UPDATE publishing_jobs SET status = 'held' WHERE thread_id = :id", id=held)
    await scene.execute("UPDATE publishing_jobs SET scheduled_for = now() WHERE thread_id = :id", id=lost)
    for thread_id in (lost, held):
        await let_go(scene, thread_id)
    assert await retry(scene) == 1
    await scene.advance()
    assert (await scene.state(lost))["status"] == "published"
    assert (await scene.state(held))["due_at"] is None


async def test_a_file_that_nobody_reads_is_asked_for_again(scene: Scene) -> None:
    async with scene.db.service() as session:
        rows = await (await session.connection()).run_sync(fill)
    file_id = rows["files"]["id"]
    reading = "extraction_status = 'processing'"
    await aged(scene.db, "files", reading, file_id, 1.1)
    await scene.execute("UPDATE extractions SET due_at = now() + interval '1 minute'")
    assert await retry(scene) == 0, "its worker was heard of"
    await scene.execute("UPDATE extractions SET due_at = NULL")
    assert (await retry(scene), await retry(scene)) == (1, 0)
    await scene.execute("DELETE FROM extractions")
    await aged(scene.db, "files", reading, file_id, 1.1)
    assert await retry(scene) == 1
    jobs = await scene.rows("SELECT args FROM procrastinate_jobs WHERE task_name = 'extract'")
    assert [job["args"]["file_id"] for job in jobs] == [str(file_id)] * 2
    assert (await scene.row("SELECT due_at > now() AS due FROM extractions"))["due"]
