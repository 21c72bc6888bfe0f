"""A post that is several on its platform: taken back whole, and not left half out."""

import json
import os
import subprocess
import sys
from uuid import UUID

import httpx
import pytest

from core.errors import Conflict
from core.simulated import x_token
from platforms.registry import PLATFORMS, PlatformName
from services import workflows
from services.delivery import jobs, posts
from services.delivery.jobs import JobStatusConflict
from tests.plugins.ledger import account, approved, fault, published
from tests.plugins.scene import Scene


async def test_a_thread_is_taken_back_whole(scene: Scene) -> None:
    await approved(scene)
    await scene.advance()
    (first,) = await published(scene)
    username = (await account(scene, "x"))["username"]
    body = {"text": "And more.", "reply": {"in_reply_to_tweet_id": first["id"]}}
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {x_token(username)}"}) as http:
        answer = await http.post(f"{scene.settings.simulator_url}/x/2/tweets", json=body)
    parts = json.dumps([first["id"], answer.json()["data"]["id"]])
    await scene.execute(
        "UPDATE publishing_jobs SET response_data = response_data || jsonb_build_object('parts', CAST(:parts AS jsonb))",
        parts=parts,
    )
    post_id: UUID = (await scene.row("SELECT id FROM posts"))["id"]
    async with scene.tenant() as session:
        await posts.request_takedown(session, post_id)
    await posts.take_down(scene.runtime, scene.principal.workspace_id, post_id)
    assert {post["status"] for post in await published(scene)} == {"deleted"}
    assert (await scene.row("SELECT takedown_status FROM posts"))["takedown_status"] == "removed"


async def test_what_is_out_in_part_is_not_cancelled(scene: Scene) -> None:
    thread_id = await approved(scene)
    await fault(scene, "unauthorized")
    await scene.advance()
    await scene.execute("""UPDATE publishing_jobs SET progress = '{"parts": ["1", "2"]}'""")
    job = await scene.job(thread_id)
    assert job["status"] == "held"
    async with scene.tenant() as session:
        with pytest.raises(JobStatusConflict, match="2 parts of it are out"):
            await jobs.cancel(session, job["id"])
        with pytest.raises(Conflict, match="nothing left to cancel"):
            await workflows.cancel(session, job["workflow_id"])
    assert (await scene.job(thread_id))["status"] == "held"


def test_threads_are_made_only_where_the_operator_says_so() -> None:
    look = "from platforms.registry import PLATFORMS; print(PLATFORMS['x'].policy.max_parts)"
    told = subprocess.run(
        [sys.executable, "-c", look],
        env={**os.environ, "PROOFROOM_X_THREADS": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "25"
    assert PLATFORMS[PlatformName.X].policy.max_parts == 1
