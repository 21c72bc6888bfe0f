"""The loop itself: write, score, ask a person, ask for the publication. docs/concepts.md draws it."""

import asyncio
from dataclasses import dataclass, replace
from typing import Final, Literal, assert_never, cast
from uuid import UUID

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from agents.base import Attempt, Ground, JudgeRequest, Source, WriteRequest
from agents.provenance import Claimed, trace
from core.content import Content
from core.policy import Policy
from graphs import condensing
from graphs.context import Context, agents_of, brief_of, wishes
from graphs.interrupts import Decision, Receipt, ask, edited
from graphs.payloads import publish_payload, review_payload
from graphs.records import (
    attempt_of,
    content_of,
    draft_of,
    draft_record,
    evaluation_of,
    evaluation_record,
    grounds_of,
)
from graphs.state import DecisionRecord, DraftRecord, EvaluationRecord, Input, Output, ReceiptRecord, State
from platforms.registry import PLATFORMS, PlatformName

LEAST_GAIN: Final = 2
"""A best score that rises by less than this does not pay for another round (data-model.md, defaults of the loop)."""

Graph = CompiledStateGraph[State, Context, Input, Output]


def build(platform: str) -> Graph:
    """Compiled without a checkpointer: Studio brings its own, `graphs.run.bind` adds the service's."""
    nodes = Loop(PLATFORMS[PlatformName(platform)].policy)
    graph = StateGraph(State, context_schema=Context, input_schema=Input, output_schema=Output)
    graph.add_node("condense", nodes.condense)
    graph.add_node("generate", nodes.generate)
    graph.add_node("evaluate", nodes.evaluate)
    graph.add_node("human_review", nodes.human_review)
    graph.add_node("publish", nodes.publish)
    graph.add_edge(START, "generate")
    graph.add_conditional_edges("generate", _read_or_written)
    return graph.compile(name=platform)


@dataclass(frozen=True, slots=True)
class Loop:
    """The nodes. Their return types are the edges that Studio draws."""

    policy: Policy

    async def generate(self, state: State, runtime: Runtime[Context]) -> State:
        wanted = wishes(state, runtime.context)
        writer, _, meter = agents_of(wanted)
        brief = brief_of(state, wanted)
        if state.get("notes") is None and condensing.too_long(brief.source, writer):
            return {"condensing": condensing.BEGINNING}
        base = state.get("best_draft_id") or state.get("active_draft_id")
        previous = attempt_of(state, base) if base else None
        written = await writer.write(
            WriteRequest(
                brief=brief,
                policy=self.policy,
                sequence=len(state.get("drafts") or ()),
                previous=self._to_mend(previous) if previous else None,
                feedback=state.get("feedback"),
            ),
            meter,
        )
        content = _with_pictures(written.content, previous)
        draft = draft_record(
            _thread(runtime), state, content, written.grounds, prompt=written.prompt, based_on_id=base
        )
        return {"drafts": [draft], "active_draft_id": draft["id"], "round": state.get("round", 0) + 1}

    async def condense(
        self, state: State, runtime: Runtime[Context]
    ) -> Command[Literal["condense", "generate"]]:
        wanted = wishes(state, runtime.context)
        writer, _, meter = agents_of(wanted)
        update = await condensing.step(state, brief_of(state, wanted), writer, meter)
        return Command(update=update, goto="condense" if update["condensing"] else "generate")

    async def evaluate(
        self, state: State, runtime: Runtime[Context]
    ) -> Command[Literal["generate", "human_review", "publish"]]:
        wanted = wishes(state, runtime.context)
        _, critic, meter = agents_of(wanted)
        draft = draft_of(state, state["active_draft_id"])
        content = content_of(draft)
        violations = self.policy.violations(content)
        judgement = await critic.judge(
            JudgeRequest(
                brief=brief_of(state, wanted),
                policy=self.policy,
                content=content,
                violations=self.policy.for_writer(violations),
                grounds=grounds_of(draft),
                feedback=state.get("feedback"),
            ),
            meter,
        )
        score = wanted.weights.overall({name: finding.score for name, finding in judgement.findings.items()})
        evaluation = evaluation_record(state, draft, violations, judgement, score)
        if draft["source"] == "human":
            approved = state["decision"]["approve"] and not violations
            return Command(
                update={"evaluations": [evaluation]}, goto="publish" if approved else "human_review"
            )
        return self._next(state, evaluation, wanted)

    def _next(
        self, state: State, evaluation: EvaluationRecord, wanted: Context
    ) -> Command[Literal["generate", "human_review", "publish"]]:
        """Another round, or the best draft of this cycle to the reviewer."""
        best = state.get("best_draft_id")
        earlier = evaluation_of(state, best) if best else None
        leading = evaluation if earlier is None or _rank(evaluation) > _rank(earlier) else earlier
        mendable = any(each["code"] not in self.policy.for_reviewer for each in leading["violations"])
        sound = not mendable and not leading.get("ungrounded")
        passed = sound and leading["score"] >= wanted.quality_bar
        stop = passed or state["round"] >= wanted.max_rounds or not _gained(earlier, evaluation)
        return Command(
            update={
                "evaluations": [evaluation],
                "best_draft_id": leading["draft_id"],
                "active_draft_id": leading["draft_id"],
            },
            goto="human_review" if stop else "generate",
        )

    async def human_review(
        self, state: State, runtime: Runtime[Context]
    ) -> Command[Literal["publish", "generate", "evaluate", "human_review", "__end__"]]:
        decision = ask(review_payload(self.policy, state), Decision)
        draft = draft_of(state, state["active_draft_id"])
        update: State = {"decision": _decision_record(decision), "refusal": None, "objection": None}
        match decision.decision:
            case "accept":
                if objection := _objection(state, draft, decision):
                    again: State = {"decision": update["decision"], "objection": objection}
                    return Command(update=again, goto="human_review")
                return Command(update=update, goto="publish")
            case "edit":
                content = edited(content_of(draft), decision)
                grounds = await asyncio.to_thread(_regrounded, state, content, draft)
                human = draft_record(
                    _thread(runtime), state, content, grounds, prompt=None, based_on_id=draft["id"]
                )
                return Command(
                    update={**update, "drafts": [human], "active_draft_id": human["id"]}, goto="evaluate"
                )
            case "regenerate":
                words = self._with_refusal(state, decision.feedback or "")
                return Command(
                    update={**update, "feedback": words, "round": 0, "best_draft_id": None}, goto="generate"
                )
            case "reject":
                return Command(update={**update, "outcome": "rejected"}, goto="__end__")
            case unknown:
                assert_never(unknown)

    async def publish(self, state: State) -> Command[Literal["human_review", "__end__"]]:
        receipt = ask(publish_payload(self.policy, state), Receipt)
        update: State = {"receipt": _receipt_record(receipt)}
        match receipt.outcome:
            case "refused":
                return Command(update={**update, "refusal": receipt.reason}, goto="human_review")
            case "published" | "cancelled" as outcome:
                return Command(update={**update, "outcome": outcome}, goto="__end__")
            case unknown:
                assert_never(unknown)

    def _to_mend(self, previous: Attempt) -> Attempt:
        return replace(previous, violations=self.policy.for_writer(previous.violations))

    def _with_refusal(self, state: State, feedback: str) -> str:
        """A new draft must not run into what the platform has refused."""
        refusal = state.get("refusal")
        return f"{feedback}\n{self.policy.label} refused the last draft: {refusal}" if refusal else feedback


async def _read_or_written(state: State) -> Literal["condense", "evaluate"]:
    """An edge beside the node, so that a state written in its name goes on from there, too; a coroutine, since LangGraph
    sends a plain function to a thread each time."""
    return "condense" if state.get("condensing") else "evaluate"


def _with_pictures(written: Content, previous: Attempt | None) -> Content:
    """A writer writes; the pictures that somebody chose for the earlier draft stay."""
    if previous is None or written.media:
        return written
    return written.model_copy(update={"media": previous.content.media})


def _regrounded(state: State, content: Content, before: DraftRecord) -> tuple[Ground, ...]:
    """Where the words of the draft before have stayed, their passages have too."""
    claimed = [Claimed(ground.quote, ground.passage) for ground in grounds_of(before)]
    return trace(content.content, Source.model_validate(state["source"]), claimed)


def _rank(evaluation: EvaluationRecord) -> tuple[int, bool, int]:
    return -len(evaluation["violations"]), not evaluation.get("ungrounded"), evaluation["score"]


def _gained(earlier: EvaluationRecord | None, latest: EvaluationRecord) -> bool:
    """Fewer violations, fewer claims without support, or a score that rose by enough."""
    if earlier is None:
        return True
    fewer = len(earlier["violations"]) - len(latest["violations"])
    supported = len(earlier.get("ungrounded", ())) > len(latest.get("ungrounded", ()))
    return fewer > 0 or (fewer == 0 and (supported or latest["score"] - earlier["score"] >= LEAST_GAIN))


def _objection(state: State, draft: DraftRecord, decision: Decision) -> str | None:
    """Nothing goes out that breaks the rules, and nothing but what the reviewer saw."""
    if evaluation_of(state, draft["id"])["violations"]:
        return "The draft breaks the platform's rules: edit it or have it written anew."
    if edited(content_of(draft), decision) != content_of(draft):
        return "It was for other words than this draft's: decide again on these, or send yours as an edit."
    return None


def _thread(runtime: Runtime[Context]) -> UUID:
    execution = runtime.execution_info
    assert execution is not None
    return UUID(execution.thread_id)


def _decision_record(decision: Decision) -> DecisionRecord:
    return cast("DecisionRecord", decision.model_dump(mode="json"))


def _receipt_record(receipt: Receipt) -> ReceiptRecord:
    return cast("ReceiptRecord", receipt.model_dump(mode="json"))
