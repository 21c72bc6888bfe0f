"""A thread's state and history over LangGraph's SDK, and what may be changed in it.

Whatever is done to a thread from outside, a text goes out only if a person approved exactly that text afterwards.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from langgraph_sdk.errors import ConflictError, NotFoundError, PermissionDeniedError, UnprocessableEntityError

from agents.base import Judgement, JudgeRequest, Meter
from core.settings import Settings
from graphs.interrupts import Decision
from tests.plugins.api import Api, User
from tests.plugins.ledger import published
from tests.plugins.protocol import Sdk
from tests.plugins.scene import Scene, Words
from tests.plugins.tenant import NEXT_YEAR, scene_of

if TYPE_CHECKING:
    from langgraph_sdk.client import ThreadsClient

    from services.runtime import Runtime

Call = Callable[[], Awaitable[object]]


class Stern(Words):
    async def judge(self, request: JudgeRequest, meter: Meter) -> Judgement:
        judgement = await super().judge(request, meter)
        findings = {
            name: found.model_copy(update={"score": 81}) for name, found in judgement.findings.items()
        }
        return replace(judgement, findings=findings)


@pytest.fixture
def settings(settings: Settings, simulator_url: str) -> Settings:
    """With platforms to publish on."""
    return settings.model_copy(update={"simulator_url": simulator_url})


@pytest.fixture
async def owner(api: Api) -> User:
    """With accounts of a name that no other test has."""
    return await api.user(f"author-{uuid4().hex[:12]}")


@pytest.fixture
def ours(owner: User, runtime: "Runtime") -> Scene:
    return scene_of(owner, runtime)


@pytest.fixture
def threads(owner: User, sdk: Sdk) -> "ThreadsClient":
    return sdk(owner).threads


async def waiting(scene: Scene, *platforms: str) -> str:
    """A thread that waits for its review."""
    (thread_id,) = await scene.start(*platforms or ("x",))
    await scene.advance()
    return str(thread_id)


async def settle(scene: Scene, thread_id: str) -> None:
    """The grace that a client has to run what it has changed is over."""
    await scene.execute("UPDATE platform_states SET due_at = now() WHERE id = :id", id=UUID(thread_id))
    while await scene.advance():
        pass


async def pause(threads: "ThreadsClient", thread_id: str) -> Any:
    (interrupt,) = (await threads.get_state(thread_id))["interrupts"]
    return interrupt["value"]


async def out(scene: Scene) -> list[str]:
    """What the platform has."""
    return [post["text"] for post in await published(scene)]


async def test_state_and_history_are_read_in_every_way(
    owner: User, ours: Scene, threads: "ThreadsClient", sdk: Sdk
) -> None:
    thread_id = await waiting(ours)
    state: Any = await threads.get_state(thread_id, subgraphs=True)
    assert state["next"] == ["human_review"]
    (task,) = state["tasks"]
    assert (task["name"], task["error"], task["interrupts"]) == ("human_review", None, state["interrupts"])
    assert state["interrupts"][0]["value"]["kind"] == "review"
    assert state["values"]["evaluations"][0]["prompt"]["text"] == "Judge"
    assert state["checkpoint"]["thread_id"] == thread_id

    history: Any = await threads.get_history(thread_id, limit=100)
    assert [each["next"] for each in history] == [["human_review"], ["evaluate"], ["generate"], ["__start__"]]
    assert history[0] == state
    assert [each["metadata"]["source"] for each in history] == ["loop", "loop", "loop", "input"]
    before_scoring = history[1]
    assert before_scoring["parent_checkpoint"] == history[2]["checkpoint"]
    assert (await threads.get_history(thread_id, before=state["checkpoint"], limit=1)) == [before_scoring]
    assert (await threads.get_history(thread_id, before=state["checkpoint_id"], limit=1)) == [before_scoring]
    assert await threads.get_history(thread_id, metadata={"source": "input"}) == [history[3]]
    assert await threads.get_state(thread_id, checkpoint=before_scoring["checkpoint"]) == before_scoring
    then = await threads.get_state(thread_id, checkpoint_id=before_scoring["checkpoint_id"])
    assert then == before_scoring
    little: Any = await threads.get_state(thread_id, select=["next", "values.round"])
    assert little == {"next": ["human_review"], "values": {"round": 1}}
    assert await asyncio.to_thread(sdk.blocking(owner).threads.get_state, thread_id) == state
    with pytest.raises(NotFoundError, match="no such checkpoint"):
        await threads.get_state(thread_id, checkpoint_id=str(uuid4()))


async def test_without_checkpoints_the_record_tells_the_state(
    ours: Scene, threads: "ThreadsClient", settings: Settings
) -> None:
    from services.operations.routines import remove_checkpoints

    thread_id = await waiting(ours)
    await ours.decide(UUID(thread_id), Decision(decision="reject", feedback="No."))
    await ours.advance()
    kept: Any = (await threads.get_state(thread_id))["values"]
    await remove_checkpoints(ours.db, settings.model_copy(update={"checkpoint_keep_hours": 0}))
    state: Any = await threads.get_state(thread_id)
    told = state["values"]
    assert (told["outcome"], told["active_draft_id"]) == ("rejected", kept["active_draft_id"])
    assert told["source"]["text"] == kept["source"]["text"]
    assert {**told["drafts"][0], "prompt": None} == {**kept["drafts"][0], "prompt": None}
    assert told["evaluations"][0].items() <= kept["evaluations"][0].items()
    assert (told["decision"]["decision"], told["decision"]["feedback"]) == ("reject", "No.")
    assert (state["next"], state["tasks"], state["checkpoint"]) == ([], [], None)
    assert await threads.get_history(thread_id) == []
    assert (await threads.get(thread_id))["values"] == told

    fresh = (await threads.create(graph_id="x"))["thread_id"]
    assert (await threads.get_state(fresh))["values"] == {}
    assert await threads.get_history(fresh) == []
    with pytest.raises(ConflictError, match="Nothing has run"):
        await threads.update_state(fresh, {"round": 1})


async def test_an_edited_state_goes_on_with_a_new_review(
    ours: Scene, threads: "ThreadsClient", owner: User
) -> None:
    thread_id = await waiting(ours)
    old = await ours.review(UUID(thread_id))
    options = {"quality_bar": 95, "max_rounds": 2}
    written = (await threads.get_history(thread_id, limit=2))[1]["checkpoint"]
    saved = await threads.update_state(
        thread_id, {"options": options}, as_node="generate", checkpoint=written
    )
    state: Any = await threads.get_state(thread_id)
    assert state["parent_checkpoint"] == written
    assert state["checkpoint"] == saved["checkpoint"]
    assert (state["next"], state["values"]["options"]) == (["evaluate"], options)
    assert (state["metadata"]["source"], state["metadata"]["changed_by"]) == ("update", owner.username)
    assert (await threads.get(thread_id))["status"] == "busy"
    assert await ours.rows("SELECT 1 FROM reviews WHERE status = 'pending'") == []

    await settle(ours, thread_id)
    new = await ours.review(UUID(thread_id))
    assert new["interrupt_id"] != old["interrupt_id"]
    state = await threads.get_state(thread_id)
    assert state["interrupts"][0]["id"] == new["interrupt_id"]
    assert len(state["values"]["drafts"]) == 2, "a bar of 95 is not met by a score of 90"
    answer = await owner.post(
        f"/v1/reviews/{old['id']}/decision", json={"decision": "accept", "seen_hash": old["seen_hash"]}
    )
    assert answer.status_code == 409
    assert answer.json()["code"] == "ReviewAlreadyDecided"


async def test_scored_anew_a_draft_has_both_scores_on_record(ours: Scene, threads: "ThreadsClient") -> None:
    """A model does not say the same twice: the reviewer sees what the state says now."""
    thread_id = await waiting(ours)
    written = (await threads.get_history(thread_id, limit=2))[1]["checkpoint"]
    stern = replace(ours, runtime=replace(ours.runtime, critic=Stern()))
    await threads.update_state(thread_id, None, checkpoint=written)
    await settle(stern, thread_id)
    state: Any = await threads.get_state(thread_id)
    assert state["values"]["evaluations"][-1]["score"] == 81
    assert (await pause(threads, thread_id))["evaluation"]["score"] == 81
    rows = await ours.rows("SELECT score FROM evaluations ORDER BY created_at")
    assert [row["score"] for row in rows] == [90, 81]


@pytest.mark.parametrize(
    "approval", [Decision(decision="accept"), Decision(decision="edit", content="120 patients a day.")]
)
async def test_gone_back_to_a_checkpoint_a_person_decides_again(
    ours: Scene, threads: "ThreadsClient", approval: Decision, owner: User
) -> None:
    """From before the writing, the scoring, the review and the publication."""
    thread_id = await waiting(ours)
    await ours.decide(UUID(thread_id), approval.model_copy(update={"schedule_for": NEXT_YEAR}))
    await ours.advance()
    history: Any = await threads.get_history(thread_id, limit=100)
    assert history[0]["next"] == ["publish"]
    for checkpoint in history:
        as_node = "__copy__" if checkpoint["next"] == ["__start__"] else None
        saved = await threads.update_state(
            thread_id, None, checkpoint=checkpoint["checkpoint"], as_node=as_node
        )
        assert saved["checkpoint"] != checkpoint["checkpoint"]
        assert ((await threads.get_state(thread_id))["metadata"] or {})["changed_by"] == owner.username
        await settle(ours, thread_id)
        assert (await ours.review(UUID(thread_id)))["interrupt_id"]
        assert (await pause(threads, thread_id))["kind"] == "review"
        assert (await ours.job(UUID(thread_id)))["status"] == "cancelled"
    assert await out(ours) == []
    await ours.accept(UUID(thread_id))
    await settle(ours, thread_id)
    assert len(await out(ours)) == 1


async def test_other_words_than_those_that_were_approved_never_go_out(
    ours: Scene, threads: "ThreadsClient"
) -> None:
    """The active draft is put in another's place after the approval."""
    thread_id = await waiting(ours)
    await ours.decide(UUID(thread_id), Decision(decision="regenerate", feedback="Shorter."))
    await ours.advance()
    await ours.accept(UUID(thread_id), schedule_for=NEXT_YEAR)
    await ours.advance()
    state: Any = await threads.get_state(thread_id)
    first, second = state["values"]["drafts"]
    assert state["values"]["active_draft_id"] == second["id"]
    await threads.update_state(thread_id, {"active_draft_id": first["id"]})
    assert (await ours.job(UUID(thread_id)))["status"] == "cancelled"
    await settle(ours, thread_id)
    assert (await pause(threads, thread_id))["draft"]["content"] == first["content"]
    assert await out(ours) == []

    await ours.accept(UUID(thread_id))
    await settle(ours, thread_id)
    assert await out(ours) == [first["content"]]


async def test_what_people_and_platforms_say_cannot_be_forged(
    ours: Scene, threads: "ThreadsClient", owner: User
) -> None:
    thread_id = await waiting(ours)
    state: Any = await threads.get_state(thread_id)
    draft, evaluation = state["values"]["drafts"][0], state["values"]["evaluations"][0]
    accept = {"decision": "accept", "approve": True, "review_id": None}
    receipt = {"outcome": "published", "platform_post_id": "1", "url": "https://x.com/1"}
    forged: list[tuple[dict[str, Any] | None, str | None]] = [
        ({"decision": accept}, None),
        ({"decision": accept}, "human_review"),
        ({"receipt": receipt, "outcome": "published"}, "publish"),
        ({"receipt": receipt}, "evaluate"),
        ({"outcome": "published"}, None),
        ({"outcome": "published"}, "__end__"),
        (None, "publish"),
        (None, "human_review"),
        ({"source": {"text": "Another brief."}}, "__start__"),
        ({"drafts": [{**draft, "content": "Buy my book."}]}, "generate"),
        ({"drafts": [{**draft, "id": str(uuid4())}]}, None),
        ({"evaluations": [{**evaluation, "score": 100}]}, "evaluate"),
        ({"objection": "None."}, None),
        ({"active_draft_id": str(uuid4())}, None),
        ({"active_draft_id": None}, None),
        ({"options": {"quality_bar": 900}}, "generate"),
        ({"source": "words"}, None),
        ({"round": "many"}, None),
        ({"publish": True}, None),
        ({"round": 2}, "nowhere"),
    ]
    before = await ours.rows("SELECT p::text, t::text FROM platform_states p JOIN threads t USING (id)")
    for values, as_node in forged:
        with pytest.raises(UnprocessableEntityError):
            await threads.update_state(thread_id, values, as_node=as_node)
    assert await threads.get_state(thread_id) == state
    assert (
        await ours.rows("SELECT p::text, t::text FROM platform_states p JOIN threads t USING (id)") == before
    )

    # All that Studio read sent back with one change is that change.
    await threads.update_state(thread_id, {**state["values"], "feedback": "Be brief."})
    assert (await threads.get_state(thread_id))["values"] == {**state["values"], "feedback": "Be brief."}


async def test_moved_to_its_end_a_thread_is_rejected(
    api: Api, owner: User, ours: Scene, threads: "ThreadsClient", sdk: Sdk
) -> None:
    """As Agent Inbox ignores one; that takes who may decide."""
    thread_id = await waiting(ours)
    writer = await api.key(owner, "read", "workflows:write")
    with pytest.raises(PermissionDeniedError, match="reviews:decide"):
        await sdk(writer).threads.update_state(thread_id, None, as_node="__end__")
    reviewer = await api.member(owner, "reviewer")
    with pytest.raises(PermissionDeniedError, match="role editor"):
        await sdk(reviewer).threads.update_state(thread_id, {"round": 2})
    ignored = await asyncio.to_thread(
        sdk.blocking(reviewer).threads.update_state, thread_id, None, as_node="__end__"
    )
    assert ignored["checkpoint"]["thread_id"] == thread_id
    (review,) = await ours.rows("SELECT * FROM reviews WHERE thread_id = :id", id=UUID(thread_id))
    assert (review["decision"], review["decided_by"], review["bound"]) == ("reject", reviewer.user_id, False)
    with pytest.raises(ConflictError, match="no review to reject"):
        await threads.update_state(thread_id, None, as_node="__end__")
    with pytest.raises(ConflictError, match="rejected"):
        await threads.update_state(thread_id, {"round": 2})
    await settle(ours, thread_id)
    state: Any = await threads.get_state(thread_id)
    assert (state["next"], state["values"]["outcome"]) == ([], "rejected")
    with pytest.raises(ConflictError, match="stays as it is"):
        await threads.update_state(thread_id, None, as_node="__copy__")


async def test_a_thread_at_work_is_left_alone(ours: Scene, threads: "ThreadsClient") -> None:
    from services import threads as worker

    thread_id = await waiting(ours)

    async def refused(words: str) -> None:
        for values, as_node in (({"round": 2}, None), (None, "__copy__")):
            with pytest.raises(ConflictError, match=words):
                await threads.update_state(thread_id, values, as_node=as_node)

    await ours.accept(UUID(thread_id))
    await refused("at work")
    (claim,) = await ours.claim()
    await refused("at work")
    await ours.execute("UPDATE platform_states SET lease_until = NULL, due_at = NULL")

    # A worker whose lease has run out writes nothing over what was changed meanwhile.
    await threads.update_state(thread_id, {"feedback": "Be brief."})
    changed = await threads.get_state(thread_id)
    await worker.advance(claim, ours.runtime)
    assert await threads.get_state(thread_id) == changed
    assert await out(ours) == []


async def test_what_may_be_out_is_not_changed(ours: Scene, threads: "ThreadsClient") -> None:
    thread_id = await waiting(ours)
    await ours.accept(UUID(thread_id), schedule_for=NEXT_YEAR)
    await ours.advance()
    for status in ("publishing", "unknown"):
        await ours.execute("UPDATE publishing_jobs SET status = :status", status=status)
        with pytest.raises(ConflictError, match=f"publication is {status}"):
            await threads.update_state(thread_id, {"round": 2})


async def test_a_neighbour_reads_and_changes_no_state(api: Api, ours: Scene, sdk: Sdk) -> None:
    thread_id = await waiting(ours)
    theirs = sdk(await api.user()).threads
    checkpoint_id = (await ours.row("SELECT max(checkpoint_id) AS id FROM checkpoints"))["id"]
    at: Any = {"thread_id": thread_id, "checkpoint_ns": "", "checkpoint_id": checkpoint_id}
    calls: list[Call] = [
        lambda: theirs.get_state(thread_id),
        lambda: theirs.get_state(thread_id, checkpoint_id=checkpoint_id),
        lambda: theirs.get_state(thread_id, checkpoint=at),
        lambda: theirs.get_history(thread_id),
        lambda: theirs.update_state(thread_id, {"round": 2}),
        lambda: theirs.update_state(thread_id, None, as_node="__end__"),
    ]
    before = await ours.rows("SELECT checkpoint_id FROM checkpoints")
    for call in calls:
        with pytest.raises(NotFoundError, match="no such thread"):
            await call()
    assert await ours.rows("SELECT checkpoint_id FROM checkpoints") == before
    assert (await ours.review(UUID(thread_id)))["status"] == "pending"
