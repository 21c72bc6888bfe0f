"""Off a mailing list, for readers: nobody here is signed in, and the link is all that they have."""

from typing import Annotated

from fastapi import Path
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Db
from services.mail import unsubscribing
from services.mail.newsletters import PATH
from web.rendering import page
from web.route import public_router

router = public_router(PATH.rstrip("/"))
Token = Annotated[str, Path(max_length=200)]


@router.get("/{token}")
async def ask(request: Request, token: Token, db: Db) -> Response:
    """Only asks: mail servers and virus scanners follow every link."""
    found = await unsubscribing.find(db, token)
    return page(request, "unsubscribe/ask.html", token=token, subscription=found)


@router.post("/{token}")
async def leave(request: Request, token: Token, db: Db) -> Response:
    """The button of that page, and of mailboxes (RFC 8058): they send it from wherever, with no cookie and no form of
    ours. It does nothing but unsubscribe, so that it does not matter what is in it."""
    return page(request, "unsubscribe/done.html", list_name=await unsubscribing.leave(db, token))
