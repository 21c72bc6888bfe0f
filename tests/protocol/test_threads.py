"""Threads over LangGraph's SDK: the same that /v1 starts, and those that a client makes before its first run."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from langgraph_sdk.errors import ConflictError, NotFoundError, UnprocessableEntityError
from langgraph_sdk.schema import OnConflictBehavior

from tests.plugins.api import Api, User
from tests.plugins.protocol import Sdk
from tests.plugins.tenant import NEXT_YEAR, scene_of

if TYPE_CHECKING:
    from services.runtime import Runtime

Call = Callable[[], Awaitable[object]]


async def test_a_thread_is_made_named_found_and_deleted(api: Api, sdk: Sdk) -> None:
    client = sdk(await api.user()).threads
    thread_id = str(uuid4())
    made = await client.create(thread_id=thread_id, graph_id="x", metadata={"ticket": 7})
    assistant = await sdk(await api.user()).assistants.get("x")
    assert made["thread_id"] == thread_id
    assert made["metadata"] == {"ticket": 7, "graph_id": "x", "assistant_id": assistant["assistant_id"]}
    assert (made["status"], made["values"], made["interrupts"]) == ("idle", None, {})

    with pytest.raises(ConflictError):
        await client.create(thread_id=thread_id)
    assert (await client.create(thread_id=thread_id, if_exists="do_nothing"))["metadata"] == made["metadata"]

    await client.update(thread_id, metadata={"note": "later"}, return_minimal=True)
    changed = await client.update(thread_id, metadata={"ticket": 8, "graph_id": "blog"})
    assert changed["metadata"] == {
        "ticket": 8,
        "note": "later",
        "graph_id": "blog",
        "assistant_id": (await sdk(await api.user()).assistants.get("blog"))["assistant_id"],
    }
    assert await client.get(thread_id) == changed
    assert await client.search(metadata={"note": "later", "graph_id": "blog"}) == [changed]
    assert await client.search(metadata={"note": "later", "graph_id": "x"}) == []

    await client.delete(thread_id)
    with pytest.raises(NotFoundError):
        await client.get(thread_id)
    assert await client.search() == []
    with pytest.raises(ConflictError):
        await client.create(thread_id=thread_id, if_exists="do_nothing")


async def test_threads_of_v1_are_threads_here(api: Api, sdk: Sdk, runtime: "Runtime") -> None:
    owner = await api.user()
    scene = scene_of(owner, runtime)
    x, blog = await scene.start("x", "blog", external_id="order-1", metadata={"customer": "Ada"})
    (waiting,) = await scene.start("linkedin")
    client = sdk(owner).threads
    assert [each["status"] for each in await client.search()] == ["busy"] * 3
    await scene.advance()

    thread: Any = await client.get(str(x))
    workflow_id = str((await scene.state(x))["workflow_id"])
    assert thread["metadata"]["workflow_id"] == workflow_id
    assert thread["metadata"] == thread["metadata"] | {
        "external_id": "order-1",
        "customer": "Ada",
        "graph_id": "x",
    }
    assert thread["status"] == "interrupted"
    ((task,),) = thread["interrupts"].values()
    review = await scene.review(x)
    assert task["id"] == review["interrupt_id"]
    assert task["value"]["action_request"]["action"] == "publish_x_post"
    assert thread["values"]["drafts"][0]["content"] == task["value"]["draft"]["content"]

    async def found(**wanted: Any) -> set[str]:
        return {each["thread_id"] for each in await client.search(**wanted)}

    both = {str(x), str(blog)}
    assert await found(metadata={"external_id": "order-1"}) == both
    assert await found(metadata={"customer": "Ada", "graph_id": "blog"}) == {str(blog)}
    assert await found(metadata={"workflow_id": workflow_id}) == both
    assert await found(metadata={"assistant_id": thread["metadata"]["assistant_id"]}) == {str(x)}
    assert (
        await found(metadata={"graph_id": "facebook"}) == await found(metadata={"customer": "Bob"}) == set()
    )
    assert await found(ids=[str(blog), str(uuid4())]) == {str(blog)}
    assert await client.count(status="interrupted") == 3
    assert await client.count(status="idle") == 0
    assert await client.count(metadata={"external_id": "order-1"}, status="interrupted") == 2

    oldest: Any = await client.search(sort_by="thread_id", sort_order="asc", limit=2, select=["thread_id"])
    assert oldest == [{"thread_id": each} for each in sorted(map(str, (x, blog, waiting)))[:2]]
    last: Any = await client.search(
        metadata={"graph_id": "linkedin"},
        select=["status"],
        extract={"first": "values.drafts[-1].sequence", "none": "values.nothing[3].at.all"},
    )
    assert last == [{"status": "interrupted", "extracted": {"first": 0, "none": None}}]


async def test_the_status_follows_the_ledger(api: Api, sdk: Sdk, runtime: "Runtime") -> None:
    """Publishing is busy; planned, held, published, rejected and cancelled are idle."""
    owner = await api.user()
    scene = scene_of(owner, runtime)
    planned, rejected, cancelled, failed = [(await scene.start())[0] for _ in range(4)]
    await scene.advance()
    client = sdk(owner).threads

    async def status(thread_id: object) -> str:
        return (await client.get(str(thread_id)))["status"]

    await scene.accept(planned, schedule_for=NEXT_YEAR)
    assert await status(planned) == "busy"
    review = await scene.review(rejected)
    no = {"decision": "reject", "seen_hash": review["seen_hash"]}
    assert (await owner.post(f"/v1/reviews/{review['id']}/decision", json=no)).status_code == 202
    assert await status(rejected) == "busy"
    workflow_id = (await scene.state(cancelled))["workflow_id"]
    assert (await owner.post(f"/v1/workflows/{workflow_id}/cancel")).status_code == 200
    await scene.execute(
        "UPDATE platform_states SET status = 'failed', error = 'It broke.' WHERE id = :id", id=failed
    )
    await scene.advance()
    assert [await status(each) for each in (planned, rejected, cancelled, failed)] == [
        "idle",
        "idle",
        "idle",
        "error",
    ]
    stored = await scene.row("SELECT status FROM threads WHERE id = :id", id=cancelled)
    assert stored["status"] == "idle"
    broken: Any = await client.get(str(failed))
    assert broken["error"] == "It broke."
    assert {each["thread_id"] for each in await client.search(status="error")} == {str(failed)}
    await scene.execute("UPDATE platform_states SET status = 'publishing' WHERE id = :id", id=planned)
    await scene.execute("UPDATE threads SET status = 'busy' WHERE id = :id", id=planned)
    assert await status(planned) == "busy"


async def test_what_is_deleted_never_goes_out_and_stays_on_record(
    api: Api, sdk: Sdk, runtime: "Runtime"
) -> None:
    owner = await api.user()
    scene = scene_of(owner, runtime)
    planned, pending, doubtful, half_out = [(await scene.start())[0] for _ in range(4)]
    await scene.advance()
    for each in (planned, doubtful, half_out):
        await scene.accept(each, schedule_for=NEXT_YEAR)
    await scene.advance()
    client = sdk(owner).threads
    await scene.execute("UPDATE publishing_jobs SET status = 'unknown' WHERE thread_id = :id", id=doubtful)
    half = """UPDATE publishing_jobs SET status = 'queued', progress = '{"parts": ["1"]}' WHERE thread_id = :id"""
    await scene.execute(half, id=half_out)
    for each in (doubtful, half_out):
        with pytest.raises(ConflictError, match="may be out"):
            await client.delete(str(each))

    for each in (planned, pending):
        await client.delete(str(each))
        assert (await scene.state(each))["status"] == "cancelled"
        assert await scene.rows("SELECT 1 FROM checkpoints WHERE thread_id = :id", id=str(each)) == []
        drafts = await owner.get(f"/v1/threads/{each}/drafts")
        assert len(drafts.json()["items"]) == 1
    assert (await scene.job(planned))["status"] == "cancelled"
    (review,) = await scene.rows("SELECT status FROM reviews WHERE thread_id = :id", id=pending)
    assert review["status"] == "superseded"
    await scene.execute(
        "UPDATE platform_states SET due_at = now() WHERE id = :id AND due_at IS NOT NULL", id=planned
    )
    assert await scene.advance() == 0
    assert await client.count() == 2


async def test_what_cannot_be_honoured_is_refused(api: Api, sdk: Sdk) -> None:
    owner = await api.user()
    client = sdk(owner).threads
    thread_id = (await client.create())["thread_id"]
    update = {"values": {}, "as_node": "generate"}
    refused: dict[str, Call] = {
        "ttl": lambda: client.create(ttl=5),
        "Delete the thread": lambda: client.update(thread_id, metadata={}, ttl={"ttl": 5}),
        "supersteps": lambda: client.create(supersteps=[{"updates": [update]}]),
        "values": lambda: client.search(values={"round": 1}),
        "name one of the assistants": lambda: client.create(graph_id="facebook"),
        "first run starts": lambda: client.update(thread_id, metadata={"workflow_id": str(uuid4())}),
        "The workflow is the one": lambda: client.create(metadata={"workflow_id": [7]}),
        "limit": lambda: client.search(limit=5000),
        "extract": lambda: client.search(extract={"a": "secrets.all"}),
        "not copied": lambda: client.copy(thread_id),
        "not pruned": lambda: client.prune([thread_id]),
    }
    for words, call in refused.items():
        with pytest.raises(UnprocessableEntityError, match=words):
            await call()
    answer = await owner.post("/threads", json={"metadata": {}, "something_new": True})
    assert answer.status_code == 200


async def test_nobody_reaches_a_neighbours_thread(api: Api, sdk: Sdk, runtime: "Runtime") -> None:
    owner, neighbour = await api.user(), await api.user()
    scene = scene_of(owner, runtime)
    (thread,) = await scene.start(metadata={"mine": True})
    await scene.advance()
    thread_id = str(thread)
    before = await scene.rows("SELECT t::text FROM threads t ORDER BY 1")
    client = sdk(neighbour).threads
    missing: list[Call] = [
        lambda: client.get(thread_id),
        lambda: client.update(thread_id, metadata={"mine": False}),
        lambda: client.delete(thread_id),
        lambda: client.copy(thread_id),
    ]
    for call in missing:
        with pytest.raises(NotFoundError, match="no such thread"):
            await call()
    behaviours: tuple[OnConflictBehavior, ...] = ("raise", "do_nothing")
    for if_exists in behaviours:
        with pytest.raises(ConflictError):
            await client.create(thread_id=thread_id, if_exists=if_exists)
    assert await client.search(ids=[thread_id]) == await client.search(metadata={"mine": True}) == []
    assert await client.count() == 0
    assert await scene.rows("SELECT t::text FROM threads t ORDER BY 1") == before


async def test_roles_repeats_and_the_synchronous_client(api: Api, sdk: Sdk) -> None:
    owner = await api.user()
    once = {"Idempotency-Key": "a-thread"}
    first = await sdk(owner).threads.create(headers=once)
    assert await sdk(owner).threads.create(headers=once) == first
    await sdk(owner).threads.delete(first["thread_id"])
    viewer: User = await api.member(owner, "viewer")
    blocking = sdk.blocking(owner).threads
    made = await asyncio.to_thread(lambda: blocking.create(metadata={"by": "sync"}))
    seen = await asyncio.to_thread(lambda: sdk.blocking(viewer).threads.search())
    assert seen == [made]
    with pytest.raises(Exception, match="role editor"):
        await sdk(viewer).threads.create()
