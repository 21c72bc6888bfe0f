"""Outputs: what a workflow has come to on each platform, by project."""

from typing import TYPE_CHECKING, Any

import pytest

from tests.plugins.api import Api, User
from tests.plugins.tenant import scene_of

if TYPE_CHECKING:
    from services.runtime import Runtime

Json = dict[str, Any]


async def started(user: User, project_id: str, *platforms: str) -> Json:
    brief = {
        "source": {"type": "text", "text": "We ship."},
        "platforms": platforms,
        "project_id": project_id,
    }
    made = await user.post("/v1/workflows", json=brief)
    assert made.status_code == 202, made.text
    found: Json = made.json()
    return found


async def project(user: User) -> str:
    return str((await user.post("/v1/projects", json={"title": "Spring"})).json()["id"])


async def listed(user: User, path: str) -> list[Json]:
    answer = await user.get(path)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["items"]
    return found


async def test_outputs_go_from_queued_to_completed_and_are_archived(api: Api, runtime: "Runtime") -> None:
    user = await api.user()
    scene = scene_of(user, runtime)
    project_id, other = await project(user), await project(user)
    first = await started(user, project_id, "blog", "linkedin")
    await started(user, other, "x")
    path = f"/v1/projects/{project_id}/outputs"
    assert [(one["status"], one["body"], one["metadata"]) for one in await listed(user, path)] == [
        ("queued", None, {})
    ] * 2
    words = "We\tship.\n\n Every  Friday,\r\nand\u00a0tell. "
    scene.words.texts = iter([words] * 3)
    await scene.advance()
    outputs = await listed(user, path)
    assert [one["kind"] for one in sorted(outputs, key=lambda one: str(one["platform"]))] == [
        "blog",
        "social",
    ]
    (blog,) = await listed(user, f"{path}?kind=blog")
    assert (blog["status"], blog["thread_status"], blog["body"]) == ("completed", "awaiting_review", words)
    assert (blog["metadata"]["word_count"], blog["metadata"]["reading_time"]) == (6, 1)
    assert (blog["workflow_id"], blog["project_id"], blog["archived"]) == (first["id"], project_id, False)
    assert (await user.get(f"/v1/outputs/{blog['id']}")).json() == blog
    whole = (await user.get(f"/v1/projects/{project_id}?include=outputs")).json()
    assert whole["outputs"] == outputs

    assert (await user.post(f"/v1/workflows/{first['id']}/cancel")).status_code == 200
    assert await listed(user, f"{path}?status=completed") == []
    assert {one["thread_status"] for one in await listed(user, f"{path}?status=failed")} == {"cancelled"}
    assert await listed(user, f"{path}?archived=true") == []
    await scene.execute("UPDATE workflows SET status = 'archived' WHERE id = :id", id=first["id"])
    assert len(await listed(user, f"{path}?archived=true&status=failed")) == 2
    assert await listed(user, f"{path}?archived=false") == []


async def test_what_is_being_written_is_processing(api: Api, runtime: "Runtime") -> None:
    user = await api.user()
    project_id = await project(user)
    await started(user, project_id, "x")
    path = f"/v1/projects/{project_id}/outputs"
    assert len(await listed(user, f"{path}?status=queued")) == 1
    await scene_of(user, runtime).claim()
    assert await listed(user, f"{path}?status=queued") == []
    (output,) = await listed(user, f"{path}?status=processing")
    assert (output["thread_status"], output["request"]["quality_bar"]) == ("generating", 80)


@pytest.mark.parametrize("query", ["kind=poem", "status=published", "archived=perhaps", "limit=0"])
async def test_unknown_filters_are_refused(api: Api, query: str) -> None:
    user = await api.user()
    answer = await user.get(f"/v1/projects/{await project(user)}/outputs?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == f"query.{query.partition('=')[0]}"


async def test_pages_go_on_where_the_last_ended(api: Api) -> None:
    user = await api.user()
    project_id = await project(user)
    for _ in range(2):
        await started(user, project_id, "blog", "linkedin", "x")
    path = f"/v1/projects/{project_id}/outputs"
    whole = await listed(user, path)
    found: list[Json] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await user.get(f"{path}?limit=2{cursor and f'&cursor={cursor}'}")).json()
        found += page["items"]
        cursor = page["next_cursor"]
    assert (found, len(found)) == (whole, 6)
    assert [one["created_at"] for one in whole] == sorted((one["created_at"] for one in whole), reverse=True)


async def test_a_strangers_outputs_are_not_there(api: Api) -> None:
    user, stranger = await api.user(), await api.user()
    project_id = await project(user)
    workflow = await started(user, project_id, "x")
    output_id = workflow["threads"][0]["thread_id"]
    assert (await user.get(f"/v1/outputs/{output_id}")).status_code == 200
    assert (await stranger.get(f"/v1/outputs/{output_id}")).status_code == 404
    assert (await stranger.get(f"/v1/projects/{project_id}/outputs")).status_code == 404
