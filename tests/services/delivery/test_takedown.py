"""Taking a post back."""

import httpx
import pytest

from core.errors import Conflict
from services.delivery import jobs, posts
from tests.plugins.ledger import account, approved, fault
from tests.plugins.scene import Scene


async def test_a_post_whose_id_only_a_person_knows_is_not_said_to_be_taken_down(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "lost_answer")
    await scene.advance()
    await scene.execute("UPDATE publishing_jobs SET status = 'unknown'")
    async with scene.tenant() as session:
        job_id = (await scene.job(thread_id))["id"]
        await jobs.reconcile(session, job_id, "published", "https://x.com/ada/status/1")
    await scene.advance()
    post = await scene.row("SELECT id FROM posts")
    async with scene.tenant() as session:
        with pytest.raises(Conflict):
            await posts.request_takedown(session, post["id"])


async def test_a_takedown_that_the_platform_refuses_is_over_at_once(scene: Scene) -> None:
    thread_id = await approved(scene)
    await scene.advance()
    assert (await scene.state(thread_id))["status"] == "published"
    post = await scene.row("SELECT id FROM posts")
    async with scene.tenant() as session:
        await posts.request_takedown(session, post["id"])
    refusing = httpx.MockTransport(lambda _: httpx.Response(401))
    async with httpx.AsyncClient(transport=refusing) as http:
        scene.runtime.http = http
        await posts.take_down(scene.runtime, scene.principal.workspace_id, post["id"])
    assert (await scene.row("SELECT takedown_status FROM posts"))["takedown_status"] == "active"
    attempt = await scene.row("SELECT outcome FROM publishing_attempts WHERE kind = 'unpublish'")
    assert attempt["outcome"] == "refused"
    assert (await account(scene, "x"))["status"] == "token_expired"
