"""What is done from the inbox to one review or to many: accept, assign, set a due time."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from fastapi import Form, Query
from pydantic import BaseModel, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.decisions import Taken, decide_each
from api.deps import Reviewer, Session, Work
from api.schemas.reviews import BULK_LIMIT
from core.errors import NotFound
from core.sql import connection_of
from graphs.interrupts import Decision
from services.reviewing import inbox, reviews
from services.reviewing.inbox import Standing
from web.rendering import is_fragment, page, redirect, timezone
from web.route import router as new_router
from web.times import instant

router = new_router("/inbox")

Reviews = Annotated[list[UUID], Query(min_length=1, max_length=BULK_LIMIT)]
Seen = Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}:[0-9a-f]{64}$")]
"""A review, and the hash of what was shown of it."""
_ACCEPT: Final = Decision(decision="accept")


class Acceptance(BaseModel):
    seen: Annotated[list[Seen], Field(min_length=1, max_length=BULK_LIMIT)]


class Assignment(BaseModel):
    review: Annotated[list[UUID], Field(min_length=1, max_length=BULK_LIMIT)]
    assignee: UUID | Literal["keep", "nobody"] = "keep"
    due: Literal["keep", "none", "at"] = "keep"
    due_at: str = ""
    """As `datetime-local` has it, in the zone of the page."""

    def changes(self, zone: ZoneInfo) -> dict[str, Any]:
        """Raises Invalid."""
        found: dict[str, Any] = {}
        if self.assignee != "keep":
            found["assignee_id"] = None if self.assignee == "nobody" else self.assignee
        if self.due != "keep":
            found["due_at"] = None if self.due == "none" else instant(self.due_at, zone.key, "/due_at")
        return found


@router.get("/accept")
async def show_acceptance(request: Request, _: Reviewer, session: Session, review: Reviews) -> Response:
    """What is about to be accepted, all of it to be read; nothing else can be."""
    found = await _standing(session, review)
    return page(request, "inbox/accept.html", found=found, key=uuid4())


@router.post("/accept")
async def accept(
    request: Request, principal: Reviewer, work: Work, given: Annotated[Acceptance, Form()]
) -> Response:
    """Each by itself: one that somebody else was faster with, or that has changed, stops none of the others."""
    pairs = [each.split(":") for each in given.seen]
    taken = [Taken(UUID(review_id), _ACCEPT, seen_hash) for review_id, seen_hash in pairs]
    results = await decide_each(work, principal, taken)
    refused = {each.review_id: each.problem for each in results if each.problem is not None}
    accepted = len(results) - len(refused)
    said = f"{accepted} {'post' if accepted == 1 else 'posts'} accepted."
    if not refused:
        return _done(request, said)
    found = await inbox.standing(connection_of(await work.begin()), [*refused])
    response = page(request, "inbox/accepted.html", said=said, found=found, refused=refused)
    return _changed(response)


@router.get("/assign")
async def show_assignment(
    request: Request, principal: Reviewer, session: Session, review: Reviews
) -> Response:
    found = await _standing(session, review)
    around = await inbox.surroundings(connection_of(session))
    return page(request, "inbox/assign.html", found=found, people=around.people, key=uuid4())


@router.post("/assign")
async def assign(request: Request, _: Reviewer, work: Work, given: Annotated[Assignment, Form()]) -> Response:
    """Each in a transaction of its own, as with decisions."""
    changes = given.changes(timezone(request))
    for number, review_id in enumerate(given.review):
        async with work.part(number) as part:
            if part.said is None:
                await reviews.assign(part.session, review_id, changes)
                await part.keep(b"assigned")
    await work.begin()
    many = len(given.review)
    return _done(request, "Changed." if many == 1 else f"{many} changed.")


async def _standing(session: Session, review_ids: Sequence[UUID]) -> Sequence[Standing]:
    found = await inbox.standing(connection_of(session), review_ids)
    if not found:
        raise NotFound("There is no such review.")
    return found


def _done(request: Request, said: str) -> Response:
    """Nothing is left in the dialog, which closes it; or the inbox is shown."""
    if not is_fragment(request):
        return redirect(request, "/inbox", said)
    return _changed(HTMLResponse(), said)


def _changed(response: Response, said: str = "") -> Response:
    """For the list behind the dialog; what is said passes there."""
    response.headers["HX-Trigger"] = json.dumps({"inbox:changed": {"said": said}})
    return response
