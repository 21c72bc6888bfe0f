"""Long polls of a review and of a publishing job; a workflow's: tests/api/test_workflows.py."""

import asyncio
import time

from tests.plugins.author import Author


async def test_waiting_for_a_decision_and_for_what_became_of_it(author: Author) -> None:
    workflow = await author.drafted("x")
    review = await author.review(workflow, "x")
    path = f"/v1/reviews/{review['id']}"
    now = await author.user.get(path)
    known = {"If-None-Match": now.headers["etag"]}
    assert (await author.user.get(path, headers=known)).status_code == 304
    same = await author.user.get(path, params={"wait": 0.2}, headers=known)
    assert (same.status_code, same.content) == (304, b"")

    waiting = asyncio.create_task(author.user.get(path, params={"wait": 30}, headers=known))
    await asyncio.sleep(0.1)
    await author.accept(workflow, "x", schedule_for="2040-05-01T09:00:00Z")
    decided = await waiting
    assert (decided.status_code, decided.json()["status"]) == (200, "decided")
    assert decided.headers["etag"] != now.headers["etag"]
    began = time.monotonic()
    over = {"If-None-Match": decided.headers["etag"]}
    assert (await author.user.get(path, params={"wait": 60}, headers=over)).status_code == 304
    assert time.monotonic() - began < 60, "it has ended"

    await author.rested(workflow["id"])
    job = await author.job(workflow["id"])
    path = f"/v1/publishing-jobs/{job['id']}"
    waiting = asyncio.create_task(author.user.get(path, params={"wait": 30}))
    await asyncio.sleep(0.1)
    assert (await author.user.post(f"{path}/cancel")).status_code == 200
    assert (await waiting).json()["status"] == "cancelled"
    assert (await author.user.get(path, params={"wait": 30})).json()["status"] == "cancelled"
    assert (await author.user.get(path, params={"wait": 61})).status_code == 422
