"""Posts that wait for their time, and posts that missed it."""

from uuid import UUID

from services.delivery import jobs
from tests.plugins.ledger import approved, due, published
from tests.plugins.scene import Scene


async def test_a_scheduled_post_waits_for_its_time_and_moves_without_a_new_approval(scene: Scene) -> None:
    in_an_hour = (await scene.row("SELECT now() + interval '1 hour' AS t"))["t"]
    thread_id = await approved(scene, schedule_for=in_an_hour)
    await scene.advance()
    job, state = await scene.job(thread_id), await scene.state(thread_id)
    assert (job["status"], state["status"], state["due_at"]) == ("scheduled", "scheduled", in_an_hour)
    assert job["simulated"] is True, "said before it is out, too"
    assert await scene.advance() == 0
    sooner = (await scene.row("SELECT now() + interval '1 minute' AS t"))["t"]
    async with scene.tenant() as session:
        await jobs.reschedule(session, job["id"], sooner)
    assert (await scene.state(thread_id))["due_at"] == sooner
    await scene.execute(
        "UPDATE publishing_jobs SET scheduled_for = now() WHERE thread_id = :id", id=thread_id
    )
    await due(scene, thread_id)
    await scene.advance()
    assert (await scene.job(thread_id))["status"] == "published"


async def missed(scene: Scene, thread_id: UUID, ago: str) -> None:
    """The job was due `ago`, and nobody was there."""
    await scene.execute(
        f"UPDATE publishing_jobs SET scheduled_for = now() - interval '{ago}' WHERE thread_id = :id",
        id=thread_id,
    )
    await scene.execute(
        f"UPDATE reviews SET decided_at = now() - interval '{ago}', schedule_for = now() - interval '{ago}' "
        "WHERE thread_id = :id",
        id=thread_id,
    )
    await due(scene, thread_id)


async def test_missed_posts_leave_a_minute_apart_and_very_late_ones_wait_for_a_person(scene: Scene) -> None:
    in_an_hour = (await scene.row("SELECT now() + interval '1 hour' AS t"))["t"]
    ids = [await approved(scene, schedule_for=in_an_hour) for _ in range(3)]
    await scene.advance()
    # What touches a job says when it was touched; here that, too, was long ago.
    await _without_updated_at(scene, ids)
    await missed(scene, ids[0], "2 hours")
    await missed(scene, ids[1], "2 hours")
    await missed(scene, ids[2], "25 hours")
    await scene.advance()
    first, second, third = [await scene.job(thread_id) for thread_id in ids]
    assert sorted((first["status"], second["status"])) == ["published", "scheduled"]
    assert (third["status"], third["error"]["code"]) == ("held", "TooLate")
    assert len(await published(scene)) == 1
    wait = (
        await scene.row(
            "SELECT EXTRACT(EPOCH FROM due_at - now()) AS s FROM platform_states WHERE due_at IS NOT NULL"
        )
    )["s"]
    assert 50 < wait <= 60


async def _without_updated_at(scene: Scene, ids: list[UUID]) -> None:
    """The owner of the tables lets a test set what a trigger keeps."""
    async with scene.db.engine.begin() as connection:
        await connection.exec_driver_sql(
            "ALTER TABLE publishing_jobs DISABLE TRIGGER trg_publishing_jobs_updated_at"
        )
        await connection.exec_driver_sql("ALTER TABLE publishing_jobs NO FORCE ROW LEVEL SECURITY")
        await connection.exec_driver_sql("UPDATE publishing_jobs SET updated_at = now() - interval '2 days'")
        await connection.exec_driver_sql("ALTER TABLE publishing_jobs FORCE ROW LEVEL SECURITY")


async def test_a_missed_post_that_waited_for_its_turn_is_a_missed_one_still(scene: Scene) -> None:
    in_an_hour = (await scene.row("SELECT now() + interval '1 hour' AS t"))["t"]
    ids = [await approved(scene, schedule_for=in_an_hour) for _ in range(2)]
    await scene.advance()
    await _without_updated_at(scene, ids)
    for thread_id in ids:
        await missed(scene, thread_id, "2 hours")
    async with scene.db.engine.begin() as connection:
        await connection.exec_driver_sql(
            "ALTER TABLE publishing_jobs ENABLE TRIGGER trg_publishing_jobs_updated_at"
        )
    await scene.advance()
    await scene.execute("UPDATE rate_limits SET window_started_at = now()")  # another post went out meanwhile
    await scene.execute("UPDATE platform_states SET due_at = now() WHERE due_at IS NOT NULL")
    assert await scene.advance() == 1
    jobs_now = await scene.rows("SELECT status FROM publishing_jobs ORDER BY status")
    assert [job["status"] for job in jobs_now] == ["published", "scheduled"]
