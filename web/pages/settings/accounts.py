"""Accounts on platforms: connect, test, disconnect."""

from functools import partial
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api.deps import Db, Keys, Owner, Session, SettingsOf, Viewer, Work
from api.pages import Paging
from api.routes import accounts as over_http
from api.schemas.accounts import BaseUrl
from core.errors import FieldError, Invalid
from core.http import publishing_client
from platforms.registry import PLATFORMS, PlatformName
from services import pages
from services.delivery import accounts
from services.mail import mailing_lists
from web.rendering import page, redirect
from web.route import router as new_router

router = new_router("/settings/accounts")

HERE: Final = "/settings/accounts"
_URL: Final = TypeAdapter(BaseUrl)


@router.get("")
async def show(request: Request, _: Viewer, session: Session, paging: Paging) -> Response:
    found = await accounts.browse(session, paging)
    lists = [(each.name, each.name) for each in await pages.whole(partial(mailing_lists.browse, session))]
    return page(request, "settings/accounts.html", accounts=found, registry=PLATFORMS, lists=lists)


@router.post("/{platform}")
async def connect(
    request: Request,
    platform: PlatformName,
    principal: Owner,
    work: Work,
    settings: SettingsOf,
    keyring: Keys,
) -> Response:
    """The platform is asked first. What was connected before gets the new credentials."""
    form = await request.form()
    credentials = {
        each.name: given
        for each in PLATFORMS[platform].credentials
        if (given := str(form.get(each.name, "")).strip())
    }
    url = _address(str(form.get("url", "")).strip())
    async with publishing_client(settings, settings.publish_deadline_seconds) as http:
        _, identity = await accounts.check(http, settings, platform, url, credentials)
    row = await accounts.connect(await work.begin(), principal, keyring, platform, url, credentials, identity)
    return redirect(request, HERE, f"{row.display_name or row.username} is connected.")


@router.post("/{account_id}/test")
async def test(
    request: Request,
    account_id: UUID,
    principal: Owner,
    db: Db,
    work: Work,
    settings: SettingsOf,
    keyring: Keys,
) -> Response:
    tested = await over_http.test_account(account_id, principal, db, work, settings, keyring)
    name = tested.display_name or tested.username
    works = tested.error_message is None
    said = f"{name} works: the platform takes its credentials." if works else f"{name} did not pass the test."
    return redirect(request, HERE, said)


@router.post("/{account_id}/disconnect")
async def disconnect(request: Request, account_id: UUID, _: Owner, session: Session) -> Response:
    row = await accounts.disconnect(session, account_id)
    return redirect(request, HERE, f"{row.display_name or row.username} is disconnected.")


def _address(given: str) -> str | None:
    if not given:
        return None
    try:
        return _URL.validate_python(given)
    except ValidationError:
        detail = "Give an address that begins with https://, or smtp:// for mail, and has no ? or # in it."
        raise Invalid(detail, errors=[FieldError("/url", detail)]) from None
