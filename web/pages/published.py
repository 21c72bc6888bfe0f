"""What is out, where each came from, and the receipt."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from api.deps import JobEditor, Session, Viewer
from api.pages import Paging
from core.sql import connection_of
from platforms.registry import PlatformName
from services.delivery import ledger, posts, publications
from web.pages.workflows import named
from web.rendering import page, redirect
from web.route import router as new_router

router = new_router("/published")


@router.get("")
async def show(
    request: Request,
    _: Viewer,
    session: Session,
    paging: Paging,
    q: Annotated[str, Query(max_length=500)] = "",
    platform: str = "",
) -> Response:
    chosen = PlatformName(platform) if platform in list(PlatformName) else None
    found = await publications.browse(
        connection_of(session),
        paging,
        words=q.strip() or None,
        platform=chosen,
    )
    query = urlencode({name: value for name, value in (("q", q), ("platform", chosen)) if value})
    return page(
        request,
        "published/page.html",
        found=found,
        q=q,
        chosen=chosen,
        query=query,
        named=named,
        first=paging.after is None,
    )


@router.get("/{post_id}")
async def show_post(request: Request, post_id: UUID, _: Viewer, session: Session) -> Response:
    connection = connection_of(session)
    post = await publications.find(connection, post_id)
    detail = await ledger.find(connection, post.job_id) if post.job_id else None
    return page(request, "published/post.html", post=post, detail=detail, named=named)


@router.post("/{post_id}/unpublish")
async def unpublish(request: Request, post_id: UUID, _: JobEditor, session: Session) -> Response:
    post = await posts.request_takedown(session, post_id)
    return redirect(request, f"/published/{post.id}", "The platform is asked to take it down.")
