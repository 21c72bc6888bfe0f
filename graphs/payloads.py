"""What the two pauses ask. `human_review`'s payload is Agent Inbox's HumanInterrupt with our fields beside it."""

from typing import Literal, TypedDict

from core.content import content_hash
from core.policy import Policy
from graphs.records import content_of, draft_of, evaluation_of
from graphs.state import DraftRecord, DraftShown, EvaluationRecord, EvaluationShown, State

Allowed = Literal["accept", "edit", "regenerate", "reject"]


class ActionRequest(TypedDict):
    action: str
    args: dict[str, str]
    """Flat: Agent Inbox offers each as a text field."""


class InboxConfig(TypedDict):
    allow_accept: bool
    allow_edit: bool
    allow_respond: bool
    allow_ignore: bool


class ReviewPayload(TypedDict):
    action_request: ActionRequest
    config: InboxConfig
    description: str
    kind: Literal["review"]
    platform: str
    draft: DraftShown
    evaluation: EvaluationShown
    refusal: str | None
    objection: str | None
    allowed: list[Allowed]


class PublishPayload(TypedDict):
    kind: Literal["publish"]
    platform: str
    draft_id: str
    content_hash: str
    review_id: str | None
    account_id: str | None
    schedule_for: str | None


def review_payload(policy: Policy, state: State) -> ReviewPayload:
    draft = draft_of(state, state["active_draft_id"])
    evaluation = evaluation_of(state, draft["id"])
    allowed: list[Allowed] = ["edit", "regenerate", "reject"]
    clean = not evaluation["violations"]
    args = {"content": draft["content"], "schedule_for": ""}
    if policy.title_max is not None:
        args["title"] = content_of(draft).title
    return {
        "action_request": {"action": f"publish_{policy.platform}_post", "args": args},
        "config": {"allow_accept": clean, "allow_edit": True, "allow_respond": True, "allow_ignore": True},
        "description": _description(policy, state, draft, evaluation),
        "kind": "review",
        "platform": policy.platform,
        "draft": _draft_shown(draft),
        "evaluation": _evaluation_shown(evaluation),
        "refusal": state.get("refusal"),
        "objection": state.get("objection"),
        "allowed": ["accept", *allowed] if clean else allowed,
    }


def publish_payload(policy: Policy, state: State) -> PublishPayload:
    decision = state["decision"]
    return {
        "kind": "publish",
        "platform": policy.platform,
        "draft_id": state["active_draft_id"],
        "content_hash": content_hash(content_of(draft_of(state, state["active_draft_id"]))),
        "review_id": decision["review_id"],
        "account_id": decision["account_id"],
        "schedule_for": decision["schedule_for"],
    }


def _draft_shown(draft: DraftRecord) -> DraftShown:
    return {
        "id": draft["id"],
        "sequence": draft["sequence"],
        "iteration": draft["iteration"],
        "content": draft["content"],
        "metadata": draft["metadata"],
        "media": draft["media"],
        "source": draft["source"],
        "based_on_id": draft["based_on_id"],
        "provenance": draft.get("provenance", []),
    }


def _evaluation_shown(evaluation: EvaluationRecord) -> EvaluationShown:
    return {
        "id": evaluation["id"],
        "draft_id": evaluation["draft_id"],
        "score": evaluation["score"],
        "criteria_scores": evaluation["criteria_scores"],
        "findings": evaluation["findings"],
        "violations": evaluation["violations"],
        "ungrounded": evaluation.get("ungrounded", []),
        "feedback": evaluation["feedback"],
        "model": evaluation["model"],
        "prompt_hash": evaluation["prompt_hash"],
    }


def _description(policy: Policy, state: State, draft: DraftRecord, evaluation: EvaluationRecord) -> str:
    """Markdown, for reviewers who see nothing else."""
    parts: list[str] = []
    if refusal := state.get("refusal"):
        parts.append(f"**{policy.label} refused this post:** {refusal}")
    if objection := state.get("objection"):
        parts.append(f"**The last decision could not be carried out:** {objection}")
    if evaluation["violations"]:
        broken = [f"- {violation['message']} {violation['remedy']}" for violation in evaluation["violations"]]
        parts.append("\n".join(["**It breaks the platform's rules:**", *broken]))
    if ungrounded := evaluation.get("ungrounded"):
        claims = [f"- “{claim['quote']}” {claim['instruction']}" for claim in ungrounded]
        parts.append("\n".join(["**Nothing in the source supports:**", *claims]))
    if title := content_of(draft).title:
        parts.append(f"# {title}")
    parts.append(draft["content"])
    parts.append(
        f"---\n**Score {evaluation['score']}** ({evaluation['model']}). {evaluation['feedback']}".strip()
    )
    parts.append("\n".join(_criterion(evaluation, name) for name in evaluation["criteria_scores"]))
    return "\n\n".join(parts)


def _criterion(evaluation: EvaluationRecord, name: str) -> str:
    finding = evaluation["findings"][name]
    quote = f" “{finding['quote']}”" if finding["quote"] else ""
    return f"- {name.replace('_', ' ')} {evaluation['criteria_scores'][name]}:{quote} {finding['instruction']}".rstrip()
