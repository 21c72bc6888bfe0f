"""Feeds that are followed: looked at before they are kept, and what became of each entry."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from uuid import UUID, uuid4

from fastapi import Form
from pydantic import BaseModel, BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Db, Session, SettingsOf, Viewer, Work, WorkflowEditor
from api.pages import Paging
from api.routes import feeds as over_http
from api.schemas.feeds import FeedIn, FeedPatch, FeedPreviewIn
from api.schemas.workflows import Url
from core.principal import Role
from models import FeedEntryStatus
from platforms.registry import PlatformName
from services.access import people
from services.syndication import feeds
from services.syndication.feed_rules import MAX_PER_DAY, Rule, Words
from services.syndication.feeds import MAX_BACKFILL
from web.pages.new import POLICIES, usual_platforms
from web.rendering import is_fragment, page, redirect
from web.route import router as new_router

router = new_router("/library/feeds")

HERE: Final = "/library/feeds"
STATUSES: Final = {
    FeedEntryStatus.SEEN: ("seen", ""),
    FeedEntryStatus.STARTED: ("started", "badge-good"),
    FeedEntryStatus.SKIPPED: ("skipped", "badge-fair"),
    FeedEntryStatus.FILTERED: ("left out by the rule", ""),
}


def _words(typed: Any) -> Any:
    """A form has one field for all of them."""
    texts = typed if isinstance(typed, list) else [typed]
    return tuple(word for each in texts for part in re.split(r"[,\n]", str(each)) if (word := part.strip()))


Typed = Annotated[Words, BeforeValidator(_words)]


class Looked(BaseModel):
    url: Url


class Ruled(BaseModel):
    platforms: list[PlatformName] = Field(min_length=1)
    include: Typed = ()
    exclude: Typed = ()
    start: bool = False
    max_per_day: int = Field(5, ge=1, le=MAX_PER_DAY)
    content: Literal["entry", "page"] = "entry"

    def rule(self, before: Mapping[str, Any]) -> Rule:
        """What the form does not ask for stays as it was."""
        names = Ruled.model_fields
        platforms = tuple(dict.fromkeys(self.platforms))
        return Rule.model_validate(
            {**before, **{name: getattr(self, name) for name in names}, "platforms": platforms}
        )


class Followed(Looked, Ruled):
    backfill: int = Field(0, ge=0, le=MAX_BACKFILL)


class Switch(BaseModel):
    status: Literal["active", "paused"]


@router.get("")
async def show_all(request: Request, principal: Viewer, session: Session, paging: Paging) -> Response:
    return page(
        request,
        "feeds/feeds.html",
        feeds=await feeds.browse(session, paging),
        edits=principal.may_act_as(Role.EDITOR),
    )


@router.post("/preview")
async def preview(
    request: Request,
    given: Annotated[Looked, Form()],
    principal: WorkflowEditor,
    db: Db,
    settings: SettingsOf,
) -> Response:
    """What is there, and the form that follows it. On a page of its own where there is no htmx."""
    found = await over_http.preview_feed(FeedPreviewIn(url=given.url), principal, settings)
    template = "feeds/_preview.html" if is_fragment(request) else "feeds/preview.html"
    usual = [PlatformName(name) for name in await usual_platforms(principal, db)]
    new = Ruled.model_construct(platforms=usual, start=True)
    return page(
        request,
        template,
        found=found,
        given=new,
        policies=POLICIES,
        key=uuid4(),
        most=MAX_BACKFILL,
        most_a_day=MAX_PER_DAY,
    )


@router.post("")
async def follow(
    request: Request,
    given: Annotated[Followed, Form()],
    principal: WorkflowEditor,
    work: Work,
    db: Db,
    settings: SettingsOf,
) -> Response:
    body = FeedIn(url=given.url, rule=given.rule({}), backfill=given.backfill)
    made = await over_http.create_feed(body, principal, work, db, settings, Response())
    return redirect(request, f"{HERE}/{made.id}", "The feed is followed.")


@router.get("/{feed_id}")
async def show(
    request: Request,
    feed_id: UUID,
    principal: Viewer,
    session: Session,
    paging: Paging,
    status: FeedEntryStatus | None = None,
) -> Response:
    feed = await feeds.find(session, feed_id)
    return page(
        request,
        "feeds/feed.html",
        feed=feed,
        rule=Rule.model_validate(feed.rule),
        entries=await feeds.browse_entries(session, feed_id, paging, status),
        people=await people.of_workspace(session),
        statuses=STATUSES,
        policies=POLICIES,
        most_a_day=MAX_PER_DAY,
        chosen=status,
        edits=principal.may_act_as(Role.EDITOR),
    )


@router.post("/{feed_id}/fetch")
async def fetch(
    request: Request, feed_id: UUID, principal: WorkflowEditor, work: Work, db: Db, settings: SettingsOf
) -> Response:
    found = await over_http.fetch_feed(feed_id, principal, work, db, settings)
    said = "It could not be fetched." if found.error else f"Fetched. Workflows started: {found.started}."
    return redirect(request, f"{HERE}/{feed_id}", said)


@router.post("/{feed_id}/rule")
async def change_rule(
    request: Request,
    feed_id: UUID,
    given: Annotated[Ruled, Form()],
    principal: WorkflowEditor,
    session: Session,
) -> Response:
    rule = given.rule((await feeds.find(session, feed_id)).rule)
    await over_http.change_feed(feed_id, FeedPatch(rule=rule), principal, session)
    return redirect(request, f"{HERE}/{feed_id}", "The rule is saved.")


@router.post("/{feed_id}/status")
async def switch(
    request: Request,
    feed_id: UUID,
    given: Annotated[Switch, Form()],
    principal: WorkflowEditor,
    session: Session,
) -> Response:
    await over_http.change_feed(feed_id, FeedPatch(status=given.status), principal, session)
    said = (
        "It is fetched again, and starts workflows in your name." if given.status == "active" else "It rests."
    )
    return redirect(request, f"{HERE}/{feed_id}", said)


@router.post("/{feed_id}/delete")
async def delete(request: Request, feed_id: UUID, _: WorkflowEditor, session: Session) -> Response:
    await feeds.delete(session, feed_id)
    return redirect(request, HERE, "The feed is not followed any more.")


@router.post("/{feed_id}/entries/{entry_id}/start")
async def start(
    request: Request,
    feed_id: UUID,
    entry_id: UUID,
    principal: WorkflowEditor,
    work: Work,
    db: Db,
    settings: SettingsOf,
) -> Response:
    entry = await over_http.start_feed_entry(feed_id, entry_id, principal, work, db, settings)
    return redirect(request, f"/workflows/{entry.workflow_id}", "It is being written.")
