"""Between what agents and policies speak and what the state keeps."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID, uuid5

from agents.base import CRITERIA, Attempt, Finding, Ground, Judgement, Prompt, Remark
from core.content import Content, draft_id
from core.policy import Violation
from graphs.state import DraftRecord, EvaluationRecord, GroundRecord, PromptRecord, State

PROMPT_LENGTH: Final = 20_000
"""Characters of a prompt that the state keeps: each checkpoint holds all of them, and a source may have a million."""


def draft_of(state: State, draft_id: str) -> DraftRecord:
    return next(draft for draft in state["drafts"] if draft["id"] == draft_id)


def evaluation_of(state: State, draft_id: str) -> EvaluationRecord:
    """The latest one of this draft."""
    return next(e for e in reversed(state["evaluations"]) if e["draft_id"] == draft_id)


def content_of(draft: Mapping[str, Any]) -> Content:
    """Of a draft's record, or of its row."""
    return Content.model_validate({name: draft[name] for name in ("content", "metadata", "media")})


def attempt_of(state: State, draft_id: str) -> Attempt:
    evaluation = evaluation_of(state, draft_id)
    scores = evaluation["criteria_scores"]
    findings = {
        criterion: Finding(score=scores[criterion], **evaluation["findings"][criterion])
        for criterion in CRITERIA
    }
    violations = tuple(Violation(**violation) for violation in evaluation["violations"])
    ungrounded = tuple(Remark(**remark) for remark in evaluation.get("ungrounded", ()))
    return Attempt(content_of(draft_of(state, draft_id)), findings, violations, ungrounded)


def grounds_of(draft: DraftRecord) -> tuple[Ground, ...]:
    return tuple(Ground.model_validate(ground) for ground in draft.get("provenance", ()))


def draft_record(
    thread_id: UUID,
    state: State,
    content: Content,
    grounds: Sequence[Ground],
    *,
    prompt: Prompt | None,
    based_on_id: str | None,
) -> DraftRecord:
    """`prompt` is None for a person's draft."""
    sequence = len(state.get("drafts") or ())
    dumped = content.model_dump(mode="json")
    return {
        "id": str(draft_id(thread_id, sequence, content)),
        "sequence": sequence,
        "iteration": sequence,
        "content": content.content,
        "metadata": dumped["metadata"],
        "media": dumped["media"],
        "source": "ai" if prompt else "human",
        "based_on_id": based_on_id,
        "provenance": [cast("GroundRecord", ground.model_dump()) for ground in grounds],
        "prompt": _prompt(prompt) if prompt else None,
    }


def evaluation_record(
    state: State, draft: DraftRecord, violations: Sequence[Violation], judgement: Judgement, score: int
) -> EvaluationRecord:
    sequence = len(state.get("evaluations") or ())
    findings = judgement.findings
    # What was said is part of it: a draft that is scored anew from an earlier checkpoint keeps both evaluations.
    said = "".join(finding.model_dump_json() for finding in findings.values())
    return {
        "id": str(uuid5(UUID(draft["id"]), f"{judgement.prompt.hash}{sequence}{said}")),
        "draft_id": draft["id"],
        "score": score,
        "criteria_scores": {name: finding.score for name, finding in findings.items()},
        "findings": {
            name: {"quote": finding.quote, "instruction": finding.instruction}
            for name, finding in findings.items()
        },
        "violations": [
            {"code": v.code, "field": v.field, "message": v.message, "remedy": v.remedy} for v in violations
        ],
        "ungrounded": [
            {"quote": remark.quote, "instruction": remark.instruction} for remark in judgement.ungrounded
        ],
        "feedback": judgement.feedback,
        "model": judgement.prompt.model,
        "prompt_hash": judgement.prompt.hash,
        "prompt": _prompt(judgement.prompt),
    }


def _prompt(prompt: Prompt) -> PromptRecord:
    text = prompt.text
    if (left_out := len(text) - PROMPT_LENGTH) > 0:
        half = PROMPT_LENGTH // 2
        text = f"{text[:half]}\n[… {left_out} characters …]\n{text[-half:]}"
    return {"model": prompt.model, "text": text, "hash": prompt.hash}
