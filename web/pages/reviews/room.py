"""All that the page of a review shows, put together once for looking, for a decision that failed and for the preview."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from agents.base import CRITERIA
from core.content import Content
from core.errors import ProofroomError
from core.principal import Principal, Role
from core.sql import Connection
from models import ReviewStatus
from platforms.registry import PLATFORMS, PlatformName
from services import pages
from services.delivery import measuring
from services.delivery.measuring import Measure
from services.reviewing import comments, draft_views, presence, review_context, review_views
from services.reviewing.comments import Comment
from services.reviewing.presence import Viewer
from services.reviewing.review_context import Context
from services.reviewing.review_views import ReviewView
from web.pages.reviews.form import Given, Typed, editable
from web.pages.reviews.grounds import claims, grounds, passages
from web.pages.reviews.preview import Preview, draw
from web.pages.reviews.queue import address
from web.pages.reviews.quotes import NUMBERS
from web.pages.reviews.story import did, outcome, timeline
from web.rendering import is_fragment, page


@dataclass(frozen=True, slots=True)
class Loaded:
    view: ReviewView
    context: Context
    viewers: Sequence[Viewer]
    """Others than whoever asks."""
    comments: Sequence[Comment]
    """The latest ones, oldest first."""
    words_now: str
    """Of the draft that waits, of an edit that was approved, or else the review's own."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A decision that was not taken, and what the person meant."""

    error: ProofroomError
    given: Given
    overtaken: bool = False
    """By another reviewer or another draft."""


async def load(connection: Connection, principal: Principal, review_id: UUID) -> Loaded:
    """Raises NotFound."""
    view = await review_views.find(connection, review_id)
    context = await review_context.find(connection, review_id)
    looking = (await presence.viewers(connection, [review_id])).get(review_id, ())
    others = [each for each in looking if each.user_id != principal.user_id]
    said = await latest_comments(connection, review_id)
    return Loaded(view, context, others, said, await _words_now(connection, view, context))


async def _words_now(connection: Connection, view: ReviewView, context: Context) -> str:
    other = UUID(context.pending["draft_id"]) if context.pending else view.item.draft_id
    if other != view.item.draft_id:
        _, now = await draft_views.pair(connection, view.item.thread_id, view.item.draft_id, other)
        return now
    theirs = (view.edited or {}).get("content")
    return view.content.content if theirs is None else str(theirs)


async def latest_comments(connection: Connection, review_id: UUID) -> Sequence[Comment]:
    """Oldest first."""
    found = await comments.browse(connection, review_id, pages.Wanted())
    return [*reversed(found.items)]


async def show(
    request: Request,
    principal: Principal,
    loaded: Loaded,
    *,
    status: int = 200,
    refused: Refused | None = None,
    typed: Typed | None = None,
    part: str = "reviews/_room.html",
) -> Response:
    """The page, or for htmx `part` of it. `typed`: what the editor holds instead of the draft."""
    view = loaded.view
    platform = platform_of(view)
    policy = PLATFORMS[platform].policy
    content = view.content
    if refused is not None and refused.given.typed is not None:
        typed = refused.given.typed
    waits = view.item.status == ReviewStatus.PENDING
    shown = typed.content_from(content) if typed and waits else content
    measured = await measuring.measure(platform, shown)
    own = measured if shown is content else await measuring.measure(platform, content)
    decided = outcome(view, loaded.context)
    cut = await passages(loaded.context)
    overtaken = (refused is not None and refused.overtaken) or (typed is not None and decided is not None)
    mine = typed.content if typed else content.content
    changed = await draft_views.compare(mine, loaded.words_now) if overtaken else None
    return page(
        request,
        part if is_fragment(request) else "reviews/page.html",
        status,
        item=view.item,
        view=view,
        context=loaded.context,
        viewers=loaded.viewers,
        comments=loaded.comments,
        outcome=decided,
        events=timeline(loaded.context),
        findings=findings(view),
        claims=claims(view),
        grounds=grounds(view, cut),
        passages=cut,
        preview=await preview(platform, shown, view),
        measured=measured,
        policy=policy,
        account=view.account,
        typed=typed or Typed.of(content),
        edited=bool(typed and typed.changes(content)),
        fields=editable(policy, content),
        acceptable=not own.violations,
        did=did,
        may_decide=principal.may_act_as(Role.REVIEWER),
        changed=changed,
        carried=address("", request),
        **_refusal(refused, measured),
    )


def _refusal(refused: Refused | None, measured: Measure) -> dict[str, Any]:
    """Why a decision was not taken, by field. `explained`: what the platform would not take says it already."""
    errors = refused.error.errors if refused else ()
    return {
        "refused": refused,
        "given": refused.given if refused else None,
        "explained": any(each.pointer == broken.field for each in errors for broken in measured.violations),
        "problems": [(field_of(each.pointer), each.detail) for each in errors],
        "wrong": {field_of(each.pointer): each.detail for each in errors},
    }


def platform_of(view: ReviewView) -> PlatformName:
    return PlatformName(view.item.platform)


async def preview(platform: PlatformName, content: Content, view: ReviewView) -> Preview:
    return await draw(platform, content, quotes(view))


def quotes(view: ReviewView) -> Mapping[str, str]:
    found = (view.evaluation or {}).get("findings") or {}
    return (
        {
            f"ground-{number}": each["quote"]
            for number, each in enumerate(view.draft.get("provenance") or (), 1)
        }
        | {claim.name: claim.quote for claim in claims(view)}
        | {name: found[name]["quote"] for name in CRITERIA if name in found}
    )


def findings(view: ReviewView) -> list[dict[str, Any]]:
    """By criterion, in the order in which they are numbered."""
    if view.evaluation is None:
        return []
    scores = view.evaluation["criteria_scores"] or {}
    said = view.evaluation["findings"] or {}
    return [
        {"name": name, "number": NUMBERS[name], "score": scores[name], **(said.get(name) or _NOTHING_SAID)}
        for name in CRITERIA
        if name in scores
    ]


_NOTHING_SAID: Final = {"quote": "", "instruction": ""}


def field_of(pointer: str) -> str:
    """What people call what a JSON pointer names: `/metadata/tags/0` is among the tags."""
    names = [part for part in pointer.split("/") if part and not part.isdigit() and part != "metadata"]
    name = names[-1].replace("_", " ") if names else ""
    return "text" if name == "content" else name
