"""The review's page, the decision, and what the page asks for while it is open."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Form, Query
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Db, Reviewer, Session, Viewer, Work
from core.db import Database
from core.errors import FieldError, Invalid
from core.principal import Principal, Role
from core.sql import connection_of
from services.delivery import measuring
from services.reviewing import comments, draft_views, presence, review_views, reviews
from services.reviewing.reviews import DraftChanged, ReviewAlreadyDecided
from web.pages.inbox import counted
from web.pages.reviews import room
from web.pages.reviews.form import FromForm, Typed
from web.pages.reviews.queue import address, following
from web.rendering import is_fragment, page, redirect
from web.route import router as new_router

router = new_router("/reviews")

_DONE: Final = {
    "accept": "Accepted.",
    "edit": "Saved and approved.",
    "revise": "Saved: it comes back scored.",
    "regenerate": "Sent back to be written anew.",
    "reject": "Rejected.",
}


@router.get("/{review_id}")
async def show(request: Request, review_id: UUID, principal: Viewer, db: Db) -> Response:
    return await room.show(request, principal, await _load(db, principal, review_id))


@router.get("/{review_id}/next")
async def skip(request: Request, review_id: UUID, principal: Viewer, db: Db) -> Response:
    """Leaves this one for later."""
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        here = await review_views.find_item(connection, review_id)
        item, _ = await following(connection, principal, request, here)
    if item is None:
        return redirect(request, address("/inbox", request), "Nothing else waits here.")
    return redirect(request, address(f"/reviews/{item.id}", request, last=review_id))


@router.post("/{review_id}/decision")
async def decide(
    request: Request, review_id: UUID, given: FromForm, principal: Reviewer, work: Work
) -> Response:
    """Takes effect only on what the person saw. Then the next one, or what stood in the way with all that was typed."""
    session = await work.begin()
    connection = connection_of(session)
    view = await review_views.find(connection, review_id)
    try:
        decision = given.as_decision(view.content)
        await reviews.decide(session, principal, review_id, decision, given.seen_hash)
    except (ReviewAlreadyDecided, DraftChanged, Invalid) as error:
        loaded = await room.load(connection, principal, review_id)
        refused = room.Refused(error, given, overtaken=not isinstance(error, Invalid))
        return await room.show(request, principal, loaded, status=error.status, refused=refused)
    await presence.leave(session, principal, review_id)
    item, count = await following(connection, principal, request, view.item)
    notice = _DONE[given.decision]
    if (at := decision.schedule_for) is not None:
        notice += f" It goes out {at:%-d %b %Y, %H:%M} {at.tzname()}."
    if item is None:
        return redirect(request, address("/inbox", request), f"{notice} Nothing else waits here.")
    where = address(f"/reviews/{item.id}", request, last=review_id)
    return redirect(request, where, f"{notice} {counted(count)} left.")


@router.post("/{review_id}/editor")
async def take_over(
    request: Request, review_id: UUID, given: FromForm, principal: Viewer, db: Db
) -> Response:
    """The page with what was typed elsewhere in its editor; nothing is decided."""
    loaded = await _load(db, principal, review_id)
    return await room.show(request, principal, loaded, typed=given.typed)


@router.post("/{review_id}/overtaken")
async def say_overtaken(
    request: Request, review_id: UUID, given: FromForm, principal: Viewer, db: Db
) -> Response:
    """For a page on which the review is still to be decided, when somebody else has done it."""
    loaded = await _load(db, principal, review_id)
    return await room.show(request, principal, loaded, typed=given.typed, part="reviews/_overtaken.html")


@router.post("/{review_id}/measure")
async def measure(request: Request, review_id: UUID, given: FromForm, principal: Viewer, db: Db) -> Response:
    """What is typed as its platform counts and shows it. Nothing is kept."""
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        view = await review_views.find(connection, review_id)
    typed = given.typed or Typed.of(view.content)
    content = typed.content_from(view.content)
    platform = room.platform_of(view)
    return page(
        request,
        "reviews/_measure.html",
        item=view.item,
        account=view.account,
        preview=await room.preview(platform, content, view),
        measured=await measuring.measure(platform, content),
        edited=bool(typed.changes(view.content)),
        may_decide=principal.may_act_as(Role.REVIEWER),
        refresh=True,
    )


@router.get("/{review_id}/changes")
async def compare(
    request: Request,
    review_id: UUID,
    principal: Viewer,
    db: Db,
    before: Annotated[UUID, Query()],
    after: Annotated[UUID, Query()],
) -> Response:
    """Two drafts of the thread, word by word."""
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        item = await review_views.find_item(connection, review_id)
        old, new = await draft_views.pair(connection, item.thread_id, before, after)
    changes = await draft_views.compare(old, new)
    template = "reviews/_changes.html" if is_fragment(request) else "reviews/changes.html"
    return page(request, template, item=item, changes=changes)


@router.post("/{review_id}/comments")
async def comment(
    request: Request,
    review_id: UUID,
    principal: Reviewer,
    session: Session,
    body: Annotated[str, Form(max_length=comments.LONGEST)] = "",
) -> Response:
    if not body.strip():
        detail = "Write something."
        raise Invalid("The comment is empty.", errors=[FieldError("/body", detail)])
    connection = connection_of(session)
    await comments.add(connection, principal, review_id, body.strip().replace("\r\n", "\n"))
    if not is_fragment(request):
        return redirect(request, f"/reviews/{review_id}#comments")
    item = await review_views.find_item(connection, review_id)
    said = await room.latest_comments(connection, review_id)
    return page(request, "reviews/_comments.html", item=item, comments=said, may_decide=True)


@router.put("/{review_id}/presence")
async def look(request: Request, review_id: UUID, principal: Viewer, session: Session) -> Response:
    """Says that one is here, and answers who else is."""
    await presence.look(session, principal, review_id)
    found = await presence.of_review(connection_of(session), review_id)
    others = [each for each in found if each.user_id != principal.user_id]
    return page(request, "reviews/_viewers.html", viewers=others)


@router.delete("/{review_id}/presence", status_code=204)
async def leave(review_id: UUID, principal: Viewer, session: Session) -> Response:
    await presence.leave(session, principal, review_id)
    return Response(status_code=204)


async def _load(db: Database, principal: Principal, review_id: UUID) -> room.Loaded:
    async with db.reading(principal.workspace_id, principal.user_id) as connection:
        return await room.load(connection, principal, review_id)
