"""Keys for programs."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import Form
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Owner, Session, Viewer
from api.pages import Paging
from api.schemas.administration import Name
from core.principal import Role, Scope
from services.access import api_keys, people
from web.rendering import is_fragment, page, redirect
from web.route import router as new_router

router = new_router("/settings/keys")

HERE: Final = "/settings/keys"
SCOPES: Final = {
    Scope.READ: ("Read", "drafts, reviews, posts, the ledger"),
    Scope.WORKFLOWS_WRITE: ("Write drafts", "start and cancel workflows"),
    Scope.LIBRARY_WRITE: ("Change the library", "projects, templates, style samples, the profile"),
    Scope.PUBLISHING_WRITE: (
        "Handle publishing",
        "move, retry and cancel what is to go out; take posts down",
    ),
    Scope.REVIEWS_DECIDE: ("Decide reviews", "accept a draft, and so publish it, in your name"),
    Scope.ADMIN: ("Administer", "members, accounts, budgets and keys"),
}


class NewKey(BaseModel):
    name: Name
    scopes: list[Scope] = Field(min_length=1)
    days: int | None = Field(None, ge=1, le=3650)


@router.get("")
async def show(request: Request, principal: Viewer, session: Session, paging: Paging) -> Response:
    owns = principal.may_act_as(Role.OWNER)
    return page(
        request,
        "settings/keys.html",
        keys=await api_keys.browse(session, paging) if owns else None,
        people=await people.of_workspace(session),
        scopes=SCOPES,
    )


@router.post("")
async def create(
    request: Request, given: Annotated[NewKey, Form()], principal: Owner, session: Session
) -> Response:
    """Shows the key, this once."""
    expires_at = datetime.now(UTC) + timedelta(days=given.days) if given.days else None
    key, secret = await api_keys.create(
        session, principal, name=given.name, scopes=given.scopes, expires_at=expires_at
    )
    template = "settings/_key.html" if is_fragment(request) else "settings/key.html"
    return page(request, template, key=key, secret=secret, scopes=SCOPES)


@router.post("/{key_id}/revoke")
async def revoke(request: Request, key_id: UUID, _: Owner, session: Session) -> Response:
    await api_keys.revoke(session, key_id)
    return redirect(request, HERE, "The key no longer works.")
