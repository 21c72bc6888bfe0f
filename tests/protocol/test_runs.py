"""Runs as LangGraph's own SDK asks for them: begun, awaited, listed, cancelled; on threads and without."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from langgraph_sdk.errors import ConflictError, NotFoundError, UnprocessableEntityError

from core.settings import Settings
from tests.plugins.api import Api
from tests.plugins.author import ARTICLE, Author, with_simulators
from tests.plugins.protocol import Sdk

INPUT: dict[str, Any] = {"source": {"type": "text", "text": ARTICLE}, "options": {"max_rounds": 1}}


@pytest.fixture
def settings(settings: Settings, simulator_url: str) -> Settings:
    return with_simulators(settings, simulator_url)


async def test_a_brief_goes_to_review_and_out(sdk: Sdk, author: Author) -> None:
    client, seen = sdk(author.user), list[Any]()
    thread = await client.threads.create()
    paused: Any = await client.runs.wait(
        thread["thread_id"],
        "x",
        input=INPUT,
        metadata={"external_id": "ticket-7", "team": "press"},
        context={"tone_of_voice": "dry"},
        on_run_created=seen.append,
    )
    assert [run["thread_id"] for run in seen] == [thread["thread_id"]]
    (asked,) = paused["__interrupt__"]
    assert asked["value"]["action_request"]["action"] == "publish_x_post"
    assert len(paused["drafts"]) == 1
    run: Any = await client.runs.get(thread["thread_id"], seen[0]["run_id"])
    assert (run["status"], run["metadata"]["team"]) == ("success", "press")
    (workflow,) = (await author.user.get("/v1/workflows", params={"external_id": "ticket-7"})).json()["items"]
    assert workflow["options"]["tone_of_voice"] == "dry"
    assert [each["thread_id"] for each in workflow["threads"]] == [thread["thread_id"]]

    published: Any = await client.runs.wait(
        thread["thread_id"], "x", command={"resume": {asked["id"]: {"decision": "accept"}}}
    )
    assert published["__interrupt__"][0]["value"]["kind"] == "publish"
    out = await author.rested(workflow["id"])
    assert out["threads"][0]["status"] == "published"
    listed = await client.runs.list(thread["thread_id"], select=["run_id", "status"])
    assert [each["status"] for each in listed] == ["success", "success"]
    assert await client.runs.join(thread["thread_id"], seen[0]["run_id"]) == paused
    left: Any = await client.threads.get_history(
        thread["thread_id"], metadata={"run_id": seen[0]["run_id"], "graph_id": "x"}
    )
    assert [state["metadata"]["step"] for state in left] == [2, 1, 0, -1]
    assert {state["metadata"]["assistant_id"] for state in left} == {run["assistant_id"]}


async def test_a_thread_does_one_thing_at_a_time(sdk: Sdk, author: Author) -> None:
    """What cannot be done beside the run under way waits for its turn, or is refused."""
    client = sdk(author.user)
    thread_id = (await client.threads.create())["thread_id"]
    first = await client.runs.create(thread_id, "x", input=INPUT, after_seconds=1)
    assert first["status"] == "pending"
    second = await client.runs.create(thread_id, "x", input=INPUT)
    third = await client.runs.create(thread_id, "x", input=INPUT, multitask_strategy="enqueue")
    assert [run["status"] for run in (second, third)] == ["pending", "pending"]
    with pytest.raises(ConflictError):
        await client.runs.create(thread_id, "x", input=INPUT, multitask_strategy="reject")
    with pytest.raises(ConflictError):
        await client.runs.create(thread_id, "x", command={"resume": {"decision": "accept"}})
    for strategy in ("interrupt", "rollback"):
        with pytest.raises(UnprocessableEntityError):
            await client.runs.create(thread_id, "x", input=INPUT, multitask_strategy=strategy)
    with pytest.raises(ConflictError):
        await client.runs.delete(thread_id, third["run_id"])
    await client.runs.cancel(thread_id, third["run_id"], action="rollback")
    waited: Any = await client.runs.join(thread_id, second["run_id"])
    assert waited["__error__"]["error"] == "ThreadHasBrief"
    runs = {run["run_id"]: run["status"] for run in await client.runs.list(thread_id)}
    assert runs == {first["run_id"]: "success", second["run_id"]: "error"}
    failed: list[Any] = await client.runs.list(thread_id, status="error", select=["run_id"])
    assert failed == [{"run_id": second["run_id"]}]
    await client.runs.delete(thread_id, second["run_id"])
    assert [run["run_id"] for run in await client.runs.list(thread_id)] == [first["run_id"]]
    with pytest.raises(ConflictError):
        await client.runs.cancel(thread_id, first["run_id"])


async def test_of_many_that_begin_a_thread_at_once_one_does(sdk: Sdk, author: Author) -> None:
    client, thread_id = sdk(author.user), str(uuid4())
    begin: Any = {"input": INPUT, "if_not_exists": "create", "after_seconds": 2}
    await asyncio.gather(*(client.runs.create(thread_id, "x", **begin) for _ in range(4)))
    (workflow,) = (await author.user.get("/v1/workflows")).json()["items"]
    await author.user.post(f"/v1/workflows/{workflow['id']}/cancel")
    for run in await client.runs.list(thread_id):
        await client.runs.join(thread_id, run["run_id"])
    ended = await client.runs.list(thread_id)
    assert sorted(run["status"] for run in ended) == ["error", "error", "error", "interrupted"]


async def test_what_is_cancelled_never_goes_out(sdk: Sdk, author: Author) -> None:
    client = sdk(author.user)
    runs = [
        await client.runs.create(None, platform, input=INPUT, after_seconds=60) for platform in ("x", "blog")
    ]
    with pytest.raises(UnprocessableEntityError):
        await client.runs.cancel(runs[0]["thread_id"], runs[0]["run_id"], action="rollback")
    await client.runs.cancel(runs[0]["thread_id"], runs[0]["run_id"], wait=True)
    await client.runs.cancel_many(status="all")
    for run in runs:
        assert (await client.runs.get(run["thread_id"], run["run_id"]))["status"] == "interrupted"
        assert (await client.threads.get(run["thread_id"]))["status"] == "idle"
    named = await client.runs.create(None, "x", input=INPUT, after_seconds=60)
    await client.runs.cancel_many(thread_id=named["thread_id"], run_ids=[named["run_id"]])
    assert (await client.runs.get(named["thread_id"], named["run_id"]))["status"] == "interrupted"
    workflows = (await author.user.get("/v1/workflows")).json()["items"]
    assert {each["status"] for each in workflows} == {"cancelled"}


async def test_runs_without_a_thread_get_one_that_stays(sdk: Sdk, author: Author) -> None:
    client = sdk(author.user)
    paused: Any = await client.runs.wait(None, "x", input=INPUT)
    assert paused["__interrupt__"]
    briefs: list[Any] = [{"assistant_id": name, "input": INPUT} for name in ("x", "blog")]
    batch = await client.runs.create_batch(briefs)
    for run in batch:
        await client.runs.join(run["thread_id"], run["run_id"])
    waiting = await client.threads.search(status="interrupted")
    assert len(waiting) == 3
    synchronous = sdk.blocking(author.user)
    accept: Any = {"resume": {"decision": "accept"}}
    thread_id = batch[0]["thread_id"]
    ended: Any = await asyncio.to_thread(synchronous.runs.wait, thread_id, "x", command=accept)
    assert ended["__interrupt__"][0]["value"]["kind"] == "publish"
    with pytest.raises(UnprocessableEntityError):
        await client.runs.create(None, "x", command=accept)
    with pytest.raises(UnprocessableEntityError):
        await client.runs.create(None, "x", input=INPUT, on_completion="delete")


REFUSED: list[dict[str, Any]] = [
    {"input": None},
    {"input": {"source": {"type": "text", "text": ""}}},
    {"input": {"source": {"type": "file", "file_id": str(uuid4())}}},
    {"input": {"source": {"url": "http://127.0.0.1/private"}}},
    {"input": {**INPUT, "options": {"quality_bar": 900}}},
    {"input": "a text"},
    {"webhook": "https://127.0.0.1/hook"},
    {"webhook": "http://example.com/hook"},
    {"webhook": "/internal"},
    {"interrupt_before": ["publish"]},
    {"interrupt_after": "*"},
    {"checkpoint_id": str(uuid4())},
    {"context": {"writer_model": "another"}},
    {"config": {"configurable": {"weights": {"clarity": 1}}}},
    {"command": {"resume": {"decision": "accept"}}},
    {"stream_mode": "tools"},
    {"multitask_strategy": "replace"},
    {"after_seconds": -1},
    {"input": {"source": {"type": ["text"], "text": "One."}}},
]


async def test_what_cannot_be_honoured_is_refused_and_leaves_nothing(sdk: Sdk, author: Author) -> None:
    client = sdk(author.user)
    thread_id = (await client.threads.create())["thread_id"]
    for change in REFUSED:
        body = {"assistant_id": "x", "input": INPUT, **change}
        answer = await author.user.post(f"/threads/{thread_id}/runs", json=body)
        assert answer.status_code in {409, 422}, (change, answer.text)
        assert answer.json()["detail"], change
    with pytest.raises(NotFoundError):
        await client.runs.create(thread_id, "myspace", input=INPUT)
    with pytest.raises(NotFoundError):
        await client.runs.create(str(uuid4()), "x", input=INPUT)
    assert await client.runs.list(thread_id) == []
    assert (await author.user.get("/v1/workflows")).json()["items"] == []


@pytest.mark.parametrize("way", ["", "/wait", "/stream"])
async def test_a_thread_that_has_not_begun_cannot_go_on_later_either(
    sdk: Sdk, author: Author, way: str
) -> None:
    client = sdk(author.user)
    thread_id = (await client.threads.create())["thread_id"]
    changes: list[dict[str, Any]] = [
        {},
        {"command": {"update": {"notes": None}}},
        {"checkpoint_id": str(uuid4())},
    ]
    for change in changes:
        for delay in (0, 60):
            body = {"assistant_id": "x", "after_seconds": delay, **change}
            answer = await author.user.post(f"/threads/{thread_id}/runs{way}", json=body)
            assert answer.status_code == 409, (body, answer.text)
            assert answer.json()["detail"] == "The thread has not begun."
            assert "Send input" in answer.json()["remedy"]
    assert await client.runs.list(thread_id) == []


async def test_studios_way_to_send_a_brief_is_understood(sdk: Sdk, author: Author) -> None:
    """As the graph's own input, with null for what is left empty, defaults of the context, and a thread's id of its own."""
    client, thread_id = sdk(author.user), str(uuid4())
    source = {"type": None, "text": ARTICLE, "title": "Release", "url": None}
    context: Any = {
        "writer_model": None,
        "critic_model": "",
        "max_rounds": 1,
        "weights": {"clarity": 0.2, **dict.fromkeys(
            ("platform_appropriateness", "style_consistency", "engagement", "grammar"), 0.2)},
    }  # fmt: skip
    paused: Any = await client.runs.wait(
        thread_id,
        "x",
        input={"source": source, "options": {"tone_of_voice": None, "audience": "nurses"}},
        context=context,
        if_not_exists="create",
        durability="async",
        multitask_strategy="interrupt",
    )
    assert len(paused["drafts"]) == 1
    state: Any = await client.threads.get_state(thread_id)
    assert state["values"]["source"]["title"] == "Release"
    assert state["values"]["options"] == {"audience": "nurses", "max_rounds": 1, "quality_bar": 80}
    head = state["checkpoint"]["checkpoint_id"]
    values: Any = await client.runs.wait(
        thread_id, "x", command={"resume": {"decision": "reject"}}, checkpoint_id=head
    )
    assert values["outcome"] == "rejected"


async def test_nobody_reaches_anothers_runs(sdk: Sdk, author: Author, api: Api) -> None:
    run = await sdk(author.user).runs.create(None, "x", input=INPUT, after_seconds=60)
    thread_id, run_id = run["thread_id"], run["run_id"]
    theirs = sdk(await api.user())
    for call in (
        theirs.runs.get(thread_id, run_id),
        theirs.runs.list(thread_id),
        theirs.runs.cancel(thread_id, run_id),
        theirs.runs.delete(thread_id, run_id),
        theirs.runs.create(thread_id, "x", input=INPUT),
        theirs.runs.cancel_many(thread_id=thread_id, run_ids=[run_id]),
    ):
        with pytest.raises(NotFoundError):
            await call
    with pytest.raises(ConflictError):
        await theirs.runs.create(thread_id, "x", input=INPUT, if_not_exists="create")
    await theirs.runs.cancel_many(status="all")
    assert (await sdk(author.user).runs.get(thread_id, run_id))["status"] == "pending"


async def test_a_call_that_is_repeated_follows_the_same_run(sdk: Sdk, author: Author) -> None:
    client, headers = sdk(author.user), {"Idempotency-Key": "brief-1"}
    thread_id = (await client.threads.create())["thread_id"]
    first = await client.runs.wait(thread_id, "x", input=INPUT, headers=headers)
    assert await client.runs.wait(thread_id, "x", input=INPUT, headers=headers) == first
    accept: Any = {"resume": {"decision": "accept"}}
    headers = {"Idempotency-Key": "decision-1"}
    told = [
        [part.data async for part in client.runs.stream(thread_id, "x", command=accept, headers=headers)]
        for _ in range(2)
    ]
    assert told[0] == told[1]
    made = [
        await client.runs.create(None, "x", input=INPUT, headers={"Idempotency-Key": "other"}) for _ in "12"
    ]
    assert made[0] == made[1]
    assert len(await client.runs.list(thread_id)) == 2
