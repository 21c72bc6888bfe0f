"""How a draft came about, and what became of it, for people to read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models import ReviewStatus
from services.reviewing.review_context import Context
from services.reviewing.review_views import ReviewView


def outcome(view: ReviewView, context: Context) -> dict[str, Any] | None:
    """Who decided it, and what; None while it waits."""
    if view.item.status == ReviewStatus.PENDING:
        return None
    review_id = str(view.item.id)
    found = next((each for each in context.decisions if each["review_id"] == review_id), None)
    return found or {"decision": "superseded", "username": None, "decided_at": None, "comment": None}


def did(decision: Mapping[str, Any]) -> str:
    """What somebody did, as the end of a sentence about them."""
    match decision["decision"]:
        case "accept":
            return "accepted it"
        case "edit":
            return "edited and approved it" if decision["approve"] else "edited it, to be looked at again"
        case "regenerate":
            return "asked for a new draft"
        case _:
            return "rejected it"


def timeline(context: Context) -> list[dict[str, Any]]:
    """Drafts and decisions, oldest first; who edited is said at the draft that came of it."""
    by_base = {each["draft_id"]: each for each in context.decisions if each["decision"] == "edit"}
    drafts = [
        {
            "kind": "draft",
            "number": number,
            "at": draft["created_at"],
            **draft,
            "editor": by_base.get(draft["based_on_id"] or "", {}).get("username")
            if draft["source"] == "human"
            else None,
        }
        for number, draft in enumerate(context.drafts, 1)
    ]
    said = [{"kind": "decision", "at": each["decided_at"], **each} for each in context.decisions]
    return sorted([*drafts, *said], key=lambda each: datetime.fromisoformat(each["at"]))
