"""Every way through the loop."""

import json
from typing import TYPE_CHECKING

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import JsonValue, ValidationError

from core.errors import Invalid
from graphs.interrupts import parse_decision
from graphs.loop import build
from graphs.run import Continue, End, Fresh, Pause, Unfinished, look

if TYPE_CHECKING:
    from tests.graphs.conftest import Thread

TOO_LONG = "word " * 100
"""Over X's limit."""


async def test_a_draft_at_the_bar_goes_straight_to_the_reviewer(thread: "Thread") -> None:
    thread.critic.scores = iter([80])
    pause = await thread.start()
    assert thread.nodes == ["generate", "evaluate"]
    assert isinstance(pause, Pause)
    assert (pause.kind, pause.state["round"]) == ("review", 1)


async def test_the_loop_goes_on_while_it_improves_and_stops_at_the_bar(thread: "Thread") -> None:
    thread.critic.scores = iter([50, 60, 85, 99])
    pause = await thread.start(max_rounds=10)
    assert [e["score"] for e in pause.state["evaluations"]] == [50, 60, 85]
    assert pause.state["active_draft_id"] == pause.state["drafts"][2]["id"]


async def test_the_loop_stops_at_the_round_limit(thread: "Thread") -> None:
    thread.critic.scores = iter([10, 20, 30, 40])
    pause = await thread.start(max_rounds=2)
    assert len(pause.state["drafts"]) == 2


@pytest.mark.parametrize(("second", "drafts"), [(51, 2), (52, 3)])
async def test_the_loop_stops_when_the_best_rises_by_less_than_2(
    thread: "Thread", second: int, drafts: int
) -> None:
    thread.critic.scores = iter([50, second, 90])
    pause = await thread.start()
    assert len(pause.state["drafts"]) == drafts


async def test_the_reviewer_sees_the_best_draft_not_the_last(thread: "Thread") -> None:
    thread.critic.scores = iter([60, 70, 65])
    pause = await thread.start()
    best = pause.state["drafts"][1]
    assert pause.state["best_draft_id"] == pause.state["active_draft_id"] == best["id"]
    assert isinstance(pause, Pause)
    assert pause.payload["action_request"] == {
        "action": "publish_x_post",
        "args": {"content": best["content"], "schedule_for": ""},
    }


async def test_a_draft_that_breaks_a_rule_never_passes(thread: "Thread") -> None:
    thread.writer.texts = iter([TOO_LONG])
    thread.critic.scores = iter([100, 70, 71])
    pause = await thread.start()
    assert [len(e["violations"]) for e in pause.state["evaluations"]] == [1, 0, 0]
    assert pause.state["active_draft_id"] == pause.state["drafts"][2]["id"]
    assert thread.critic.asked[0].violations[0].code == "too_long"


async def test_each_round_builds_on_the_best_draft_and_what_was_found(thread: "Thread") -> None:
    thread.critic.scores = iter([50, 60, 90])
    pause = await thread.start()
    first, second, third = thread.writer.asked
    assert (first.previous, first.sequence) == (None, 0)
    assert second.previous is not None
    assert second.previous.content.content == "Draft number 0."
    assert second.previous.findings["clarity"].score == 50
    assert third.previous is not None
    assert third.previous.content.content == "Draft number 1."
    assert [draft["based_on_id"] for draft in pause.state["drafts"]] == [
        None,
        pause.state["drafts"][0]["id"],
        pause.state["drafts"][1]["id"],
    ]


async def test_accepted_and_published(thread: "Thread") -> None:
    await thread.start()
    pause = await thread.answer({"decision": "accept", "review_id": "3a0ff9b5-5ec3-4d70-a4d7-e6ba3a6d9a10"})
    assert isinstance(pause, Pause)
    assert pause.kind == "publish"
    assert pause.payload["draft_id"] == pause.state["active_draft_id"]
    assert pause.payload["review_id"] == "3a0ff9b5-5ec3-4d70-a4d7-e6ba3a6d9a10"
    end = await thread.answer({"outcome": "published", "platform_post_id": "1", "url": "https://x.com/a/1"})
    assert isinstance(end, End)
    assert end.outcome == "published"
    assert end.state["receipt"]["url"] == "https://x.com/a/1"


async def test_rejected(thread: "Thread") -> None:
    await thread.start()
    assert await thread.answer({"decision": "reject"}) == thread.at
    assert isinstance(thread.at, End)
    assert thread.at.outcome == "rejected"
    assert thread.nodes == ["human_review"]


async def test_cancelled_while_it_waits_for_its_publication(thread: "Thread") -> None:
    await thread.start()
    await thread.answer({"decision": "accept"})
    end = await thread.answer({"outcome": "cancelled"})
    assert isinstance(end, End)
    assert end.outcome == "cancelled"


async def test_regenerate_counts_anew_and_passes_the_reviewers_words(thread: "Thread") -> None:
    thread.critic.scores = iter([95, 40, 50, 60, 70])
    await thread.start()
    pause = await thread.answer({"decision": "regenerate", "feedback": "Name the customer."})
    assert thread.nodes == ["human_review", *["generate", "evaluate"] * 3]
    assert {request.feedback for request in thread.writer.asked[1:]} == {"Name the customer."}
    assert thread.writer.asked[1].previous is not None
    assert pause.state["active_draft_id"] == pause.state["drafts"][3]["id"], (
        "not the one that was turned down"
    )


async def test_an_edit_is_scored_and_published_as_it_is(thread: "Thread") -> None:
    thread.critic.scores = iter([95, 10])
    await thread.start()
    pause = await thread.answer({"decision": "edit", "content": "In my own words."})
    assert thread.nodes == ["human_review", "evaluate"]
    assert isinstance(pause, Pause)
    assert pause.kind == "publish"
    draft = pause.state["drafts"][1]
    assert (draft["source"], draft["prompt"], draft["based_on_id"]) == (
        "human",
        None,
        pause.state["drafts"][0]["id"],
    )
    assert pause.payload["draft_id"] == draft["id"] == pause.state["active_draft_id"]
    assert pause.state["evaluations"][1]["score"] == 10


async def test_an_edit_may_be_sent_back_for_another_look(thread: "Thread") -> None:
    thread.critic.scores = iter([95, 10])
    await thread.start()
    pause = await thread.answer({"decision": "edit", "content": "Half done.", "approve": False})
    assert isinstance(pause, Pause)
    assert pause.kind == "review"
    assert pause.payload["action_request"] == {
        "action": "publish_x_post",
        "args": {"content": "Half done.", "schedule_for": ""},
    }, "never the better one of the model"


async def test_an_edit_that_breaks_a_rule_comes_back_and_cannot_be_accepted(thread: "Thread") -> None:
    await thread.start()
    pause = await thread.answer({"decision": "edit", "content": TOO_LONG})
    assert isinstance(pause, Pause)
    assert pause.payload["allowed"] == ["edit", "regenerate", "reject"]
    assert "It breaks the platform's rules" in str(pause.payload["description"])
    again = await thread.answer({"decision": "accept"})
    assert isinstance(again, Pause)
    assert again.kind == "review"
    assert again.interrupt_id != pause.interrupt_id
    assert "breaks the platform's rules" in str(again.payload["objection"])


async def test_an_acceptance_of_other_words_is_not_one(thread: "Thread") -> None:
    await thread.start()
    pause = await thread.answer({"decision": "accept", "content": "Something else."})
    assert isinstance(pause, Pause)
    assert pause.kind == "review"
    assert "other words" in str(pause.payload["objection"])
    pause = await thread.answer({"decision": "accept", "content": "Draft number 0."})
    assert isinstance(pause, Pause)
    assert pause.kind == "publish"
    assert pause.state["objection"] is None


async def test_a_refusal_comes_back_in_the_platforms_own_words_with_the_approved_draft(
    thread: "Thread",
) -> None:
    await thread.start()
    approved = await thread.answer({"decision": "edit", "content": "My words."})
    pause = await thread.answer({"outcome": "refused", "reason": "Duplicate content."})
    assert isinstance(pause, Pause)
    assert (pause.kind, pause.payload["refusal"]) == ("review", "Duplicate content.")
    assert pause.state["active_draft_id"] == approved.state["active_draft_id"]
    still = await thread.answer({"decision": "accept", "content": "Not these."})
    assert isinstance(still, Pause)
    assert still.payload["refusal"] == "Duplicate content.", "nothing was decided yet"
    await thread.answer({"decision": "regenerate", "feedback": "Try again."})
    assert thread.writer.asked[-1].feedback == "Try again.\nX refused the last draft: Duplicate content."
    assert thread.steps[-1].state["refusal"] is None


async def test_what_an_agent_raises_is_raised_and_the_thread_goes_on_from_there(thread: "Thread") -> None:
    thread.writer.texts = iter(["First.", RuntimeError("the model is away"), "Second."])
    thread.critic.scores = iter([50, 90])
    with pytest.raises(RuntimeError, match="the model is away"):
        await thread.start()
    found = await look(thread.graph, thread.saver, thread.id)
    assert isinstance(found, Unfinished)
    assert found.nodes == ("generate",)
    pause = await thread.go(Continue())
    assert [draft["content"] for draft in pause.state["drafts"]] == ["First.", "Second."]
    assert thread.nodes == ["generate", "evaluate"], "what was done is not done again"


async def test_a_replay_makes_the_same_ids(thread: "Thread") -> None:
    thread.critic.scores = iter([50, 90])
    first = await thread.start()
    thread.saver, thread.critic.scores = InMemorySaver(), iter([50, 90])
    second = await thread.start()
    assert [d["id"] for d in first.state["drafts"]] == [d["id"] for d in second.state["drafts"]]
    assert [e["id"] for e in first.state["evaluations"]] == [e["id"] for e in second.state["evaluations"]]
    assert len({d["id"] for d in first.state["drafts"]}) == 2


async def test_an_answer_that_is_none_leaves_the_pause_as_it_is(thread: "Thread") -> None:
    pause = await thread.start()
    wrong_answers: list[JsonValue] = ["yes", {"decision": "regenerate"}, [{"type": "shrug", "args": None}]]
    for wrong in wrong_answers:
        with pytest.raises(Invalid):
            parse_decision(wrong)
        with pytest.raises(ValidationError):
            await thread.answer(wrong)
        assert await look(thread.graph, thread.saver, thread.id) == pause
    await thread.answer([{"type": "accept", "args": None}])
    assert isinstance(thread.at, Pause)
    assert thread.at.kind == "publish"


async def test_the_state_is_plain_json_with_the_prompt_of_every_call(thread: "Thread") -> None:
    thread.critic.scores = iter([50, 90])
    await thread.start(tone_of_voice="dry")
    await thread.answer({"decision": "edit", "content": "Mine.", "schedule_for": "2030-01-01T09:00:00+01:00"})
    found = await look(thread.graph, thread.saver, thread.id)
    assert isinstance(found, Pause)
    assert json.loads(json.dumps(found.state)) == found.state
    assert json.loads(json.dumps(found.payload)) == found.payload
    assert found.payload["schedule_for"] == "2030-01-01T09:00:00+01:00"
    prompts = [record["prompt"] for record in (*found.state["drafts"][:2], *found.state["evaluations"])]
    assert all(prompt and prompt["text"] and prompt["model"] == "scripted" for prompt in prompts)


async def test_a_thread_that_has_not_begun(thread: "Thread") -> None:
    assert await look(thread.graph, thread.saver, thread.id) == Fresh()


@pytest.mark.parametrize("platform", ["linkedin", "x", "blog"])
def test_the_edges_that_are_drawn_are_those_that_exist(platform: str) -> None:
    edges = {(edge.source, edge.target) for edge in build(platform).get_graph().edges}
    assert edges == {
        ("__start__", "generate"),
        ("condense", "condense"),
        ("condense", "generate"),
        ("generate", "condense"),
        ("generate", "evaluate"),
        ("evaluate", "generate"),
        ("evaluate", "human_review"),
        ("evaluate", "publish"),
        ("human_review", "publish"),
        ("human_review", "generate"),
        ("human_review", "evaluate"),
        ("human_review", "human_review"),
        ("human_review", "__end__"),
        ("publish", "human_review"),
        ("publish", "__end__"),
    }
