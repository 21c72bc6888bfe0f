from uuid import UUID

from api.deps import Db, Keys, Owner, Session, SettingsOf, Viewer, Work
from api.pages import Page, Paging
from api.route import router as new_router
from api.schemas.accounts import AccountIn, AccountOut
from core.http import publishing_client
from platforms.registry import PlatformName
from services.delivery import accounts

router = new_router("/v1/accounts", "accounts")


@router.get("")
async def list_accounts(
    _: Viewer, session: Session, paging: Paging, platform: PlatformName | None = None
) -> Page[AccountOut]:
    return Page[AccountOut].of(await accounts.browse(session, paging, platform), AccountOut.model_validate)


@router.post("", status_code=201)
async def connect_account(
    body: AccountIn, principal: Owner, work: Work, settings: SettingsOf, keyring: Keys
) -> AccountOut:
    """The platform is asked first. An account that was connected before gets the new credentials."""
    async with publishing_client(settings, settings.publish_deadline_seconds) as http:
        _, identity = await accounts.check(http, settings, body.platform, body.url, body.credentials)
    row = await accounts.connect(
        await work.begin(), principal, keyring, body.platform, body.url, body.credentials, identity
    )
    return AccountOut.model_validate(row)


@router.get("/{account_id}")
async def get_account(account_id: UUID, _: Viewer, session: Session) -> AccountOut:
    return AccountOut.model_validate(await accounts.find(session, account_id))


@router.post("/{account_id}/test")
async def test_account(
    account_id: UUID, principal: Owner, db: Db, work: Work, settings: SettingsOf, keyring: Keys
) -> AccountOut:
    """Asks the platform whether it still takes the credentials; `status` and `error_message` say what it said."""
    async with db.tenant(principal.workspace_id, principal.user_id) as session:
        row = await accounts.find(session, account_id)
    failure = None
    async with publishing_client(settings, settings.publish_deadline_seconds) as http:
        try:
            await accounts.test(http, settings, keyring, row)
        except accounts.CredentialsRefused as refused:
            failure = refused.detail
    return AccountOut.model_validate(await accounts.record_test(await work.begin(), row, failure))


@router.delete("/{account_id}", status_code=204)
async def disconnect_account(account_id: UUID, _: Owner, session: Session) -> None:
    """Its credentials are deleted; the record of what was published with it stays."""
    await accounts.disconnect(session, account_id)
