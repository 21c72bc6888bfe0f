"""Rules of style: what edits suggest, what writers are told, and what was dropped."""

import asyncio
from collections.abc import Iterable
from typing import Annotated, Final
from uuid import UUID

from fastapi import Form
from pydantic import BaseModel, BeforeValidator
from starlette.requests import Request
from starlette.responses import Response

from api.deps import LibraryEditor, Session, Viewer
from api.pages import Paging
from api.schemas.style import RuleText
from models import RuleScope, RuleStatus, StyleRule
from platforms.registry import PlatformName
from services.reviewing import diffs
from services.reviewing.diffs import Change
from services.style import style_rules
from web.rendering import page, redirect
from web.route import router as new_router

router = new_router("/settings/style")

HERE: Final = "/settings/style"
SCOPES: Final = {
    RuleScope.WORKSPACE: "Everybody's drafts",
    RuleScope.USER: "Drafts of whoever taught it",
}


class Given(BaseModel):
    rule: RuleText
    platform: Annotated[PlatformName | None, BeforeValidator(lambda chosen: chosen or None)] = None
    scope: RuleScope


@router.get("")
async def show(
    request: Request, _: Viewer, session: Session, paging: Paging, status: RuleStatus | None = None
) -> Response:
    found = await style_rules.browse(session, paging, status)
    changes = await asyncio.to_thread(_changes, found.items)
    return page(
        request,
        "settings/style.html",
        rules=found,
        changes=changes,
        chosen=status,
        statuses=list(RuleStatus),
        scopes=SCOPES,
    )


@router.post("")
async def create(
    request: Request, given: Annotated[Given, Form()], principal: LibraryEditor, session: Session
) -> Response:
    await style_rules.create(session, principal, rule=given.rule, platform=given.platform, scope=given.scope)
    return redirect(request, HERE, "The rule holds from now on.")


@router.post("/{rule_id}")
async def change(
    request: Request,
    rule_id: UUID,
    given: Annotated[Given, Form()],
    _: LibraryEditor,
    session: Session,
) -> Response:
    await style_rules.change(session, rule_id, given.model_dump())
    return redirect(request, HERE, "Saved.")


@router.post("/{rule_id}/use")
async def use(request: Request, rule_id: UUID, principal: LibraryEditor, session: Session) -> Response:
    await style_rules.decide(session, principal, rule_id, RuleStatus.ACTIVE)
    return redirect(request, HERE, "The rule holds from now on.")


@router.post("/{rule_id}/drop")
async def drop(request: Request, rule_id: UUID, principal: LibraryEditor, session: Session) -> Response:
    await style_rules.decide(session, principal, rule_id, RuleStatus.DROPPED)
    return redirect(request, HERE, "The rule is dropped, and not proposed again.")


def _changes(rules: Iterable[StyleRule]) -> dict[UUID, list[Change]]:
    """Of those that an edit shows."""
    return {rule.id: diffs.words(rule.before, rule.after or "") for rule in rules if rule.before is not None}
