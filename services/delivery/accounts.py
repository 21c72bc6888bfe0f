"""Accounts on platforms: connected by pasting credentials, tested, disconnected."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import httpx
import orjson
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from core.crypto import Keyring
from core.errors import Conflict, FieldError, Invalid, Unavailable
from core.http import AddressRefused
from core.principal import Principal
from core.settings import Settings
from core.simulated import simulated_account
from core.text import storable
from models import AccountStatus, ConnectedAccount
from platforms.base import Account, Identity, PlatformError, Reauthorize, Refused
from platforms.registry import PLATFORMS, PlatformName
from services import pages, rows
from services.delivery import account_opening
from services.mail import mailing_lists, subscribers

_NAME_LENGTH: Final = 255
_URL_LENGTH: Final = 2048
_DETAIL_LENGTH: Final = 2000
_EXPIRED: Final = text("""
UPDATE connected_accounts SET error_message = :detail, error_count = error_count + 1,
    status = CASE WHEN status = 'active' THEN 'token_expired' ELSE status END
WHERE id = :id AND updated_at <= :since
""")


class CredentialsRefused(Invalid):
    title = "The platform does not take these credentials"


class PlatformUnavailable(Unavailable):
    title = "The platform cannot be asked now"


async def check(
    http: httpx.AsyncClient,
    settings: Settings,
    platform: PlatformName,
    url: str | None,
    credentials: Mapping[str, str],
) -> tuple[Account, Identity]:
    """Whom the credentials belong to, asked of the platform; no transaction is open meanwhile.

    Raises Invalid for missing fields, CredentialsRefused, PlatformUnavailable.
    """
    wanted = {credential.name: credential for credential in PLATFORMS[platform].credentials}
    errors = [
        FieldError(f"/credentials/{name}", f"{c.label} is needed.")
        for name, c in wanted.items()
        if c.required and not credentials.get(name, "").strip()
    ]
    errors += [
        FieldError(f"/credentials/{name}", "There is no such field.")
        for name in credentials
        if name not in wanted
    ]
    if PLATFORMS[platform].url is None and not url:
        errors.append(FieldError("/url", "Say where it is."))
    if PLATFORMS[platform].url is not None and url:
        errors.append(FieldError("/url", "This platform is where it is: leave the address out."))
    if errors:
        raise Invalid("The account cannot be connected like this.", errors=errors)
    row = ConnectedAccount(
        id=uuid7(), platform=platform, platform_user_id="", username="", base_url=url, metadata_={}
    )
    account = account_opening.as_account(row, settings, credentials)
    return account, await _identify(http, settings, platform, account)


async def connect(
    session: AsyncSession,
    principal: Principal,
    keyring: Keyring,
    platform: PlatformName,
    url: str | None,
    credentials: Mapping[str, str],
    identity: Identity,
) -> ConnectedAccount:
    """Store what `check` has confirmed. Connected before: its credentials are replaced, and its history stays.

    Raises Invalid where it names a mailing list that is not there, or one too long to tell the account by.
    """
    metadata = dict(identity.metadata)
    if platform is PlatformName.EMAIL:
        listed = await mailing_lists.by_name(session, credentials["list"], "/credentials/list")
        metadata["list_id"] = str(listed.id)
        if len(identity.platform_user_id) > _NAME_LENGTH:
            detail = f"The address and the list's name are longer than {_NAME_LENGTH} characters together."
            raise Invalid(detail, errors=[FieldError("/credentials/from_address", detail)])
    row = await _row_of(session, principal, platform, identity)
    sealed = keyring.encrypt(orjson.dumps(dict(credentials)), account_opening.context(row.id))
    changes = {
        "username": identity.username,
        "display_name": identity.display_name or None,
        "avatar_url": identity.avatar_url,
        "base_url": url.rstrip("/") if url else None,
        "credentials": sealed,
        "status": AccountStatus.ACTIVE,
        "error_message": None,
        "error_count": 0,
        "simulated": False,
        "metadata_": metadata,
    }
    await rows.change(session, row, changes)
    return row


async def test(
    http: httpx.AsyncClient, settings: Settings, keyring: Keyring, row: ConnectedAccount
) -> Identity:
    """Ask the platform; no transaction is open meanwhile. Raises Conflict, CredentialsRefused, PlatformUnavailable."""
    if (found := account_opening.unusable(row, settings)) is not None:
        raise Conflict(found["detail"], remedy=found["remedy"])
    return await _identify(
        http, settings, PlatformName(row.platform), account_opening.opened(row, settings, keyring)
    )


async def record_test(
    session: AsyncSession, tested: ConnectedAccount, failure: str | None
) -> ConnectedAccount:
    """What the test said, unless the account is another by now: `failure` None is success."""
    row = await find(session, tested.id, lock=True)
    if row.updated_at == tested.updated_at:
        changes = {
            "status": AccountStatus.TOKEN_EXPIRED if failure else AccountStatus.ACTIVE,
            "error_message": failure,
            "error_count": row.error_count + 1 if failure else 0,
        }
        await rows.change(session, row, changes)
    return row


async def disconnect(session: AsyncSession, account_id: UUID) -> ConnectedAccount:
    """The credentials go, the row stays, and with it our record of what was published."""
    row = await find(session, account_id)
    await rows.change(session, row, {"status": AccountStatus.DISCONNECTED, "credentials": None})
    return row


async def find(session: AsyncSession, account_id: UUID, *, lock: bool = False) -> ConnectedAccount:
    return await rows.find(session, ConnectedAccount, account_id, "account", lock=lock)


async def browse(
    session: AsyncSession, wanted: pages.Wanted, platform: PlatformName | None = None
) -> pages.Slice[ConnectedAccount]:
    statement = select(ConnectedAccount)
    if platform is not None:
        statement = statement.where(ConnectedAccount.platform == platform)
    return await pages.page(session, statement, (ConnectedAccount.created_at, ConnectedAccount.id), wanted)


async def give_simulated(
    session: AsyncSession,
    settings: Settings,
    keyring: Keyring,
    workspace_id: UUID,
    user_id: UUID,
    username: str,
) -> None:
    """A new workspace of `proofroom up` gets an account on every simulated platform."""
    for platform in PlatformName:
        simulator = account_opening.simulator_of(platform, settings)
        if simulator is None:
            continue
        # Workspaces are apart on the simulators as well.
        made = simulated_account(platform.value, f"{_handle(username)}-{workspace_id.hex[-8:]}", simulator)
        account_id = uuid7()
        metadata = {}
        if platform is PlatformName.EMAIL:
            listed = await subscribers.give_simulated(session, keyring, workspace_id, user_id)
            metadata["list_id"] = str(listed.id)
        values = {
            "id": account_id,
            "workspace_id": workspace_id,
            "user_id": user_id,
            "platform": platform,
            "platform_user_id": made.platform_user_id,
            "username": made.username,
            "display_name": f"{username} (simulated)",
            "credentials": keyring.encrypt(
                orjson.dumps(dict(made.credentials)), account_opening.context(account_id)
            ),
            "simulated": True,
            "metadata": metadata,
        }
        await session.execute(insert(ConnectedAccount).values(**values).on_conflict_do_nothing())


async def mark_expired(session: AsyncSession, account_id: UUID, detail: str, since: datetime) -> None:
    """The platform no longer takes the credentials; its posts are held until somebody connects it again. Who has done that
    `since` has replaced those that it did not take."""
    await session.execute(_EXPIRED, {"id": account_id, "detail": detail[:_DETAIL_LENGTH], "since": since})


async def _row_of(
    session: AsyncSession, principal: Principal, platform: PlatformName, identity: Identity
) -> ConnectedAccount:
    """Locked, and made where there was none: whoever connects the same account at the same moment waits for it."""
    named = {
        "workspace_id": principal.workspace_id,
        "user_id": principal.user_id,
        "platform": platform,
        "platform_user_id": identity.platform_user_id,
    }
    new = insert(ConnectedAccount).values(
        **named, id=uuid7(), username=identity.username, status=AccountStatus.DISCONNECTED
    )
    await session.execute(new.on_conflict_do_nothing())
    return (await session.scalars(select(ConnectedAccount).filter_by(**named).with_for_update())).one()


async def _identify(
    http: httpx.AsyncClient, settings: Settings, platform: PlatformName, account: Account
) -> Identity:
    try:
        async with asyncio.timeout(settings.publish_deadline_seconds):
            return _shown(await PLATFORMS[platform].publisher.identify(http, account))
    except (Reauthorize, Refused) as failure:
        where, remedy = "/credentials", "Paste them again."
        if isinstance(failure.__cause__, AddressRefused | httpx.HTTPError | httpx.InvalidURL):
            where, remedy = "/url", "Give the address at which the public reaches it."
        errors = [FieldError(where, failure.detail)]
        raise CredentialsRefused(failure.detail, remedy=remedy, errors=errors) from failure
    except PlatformError as failure:
        raise PlatformUnavailable(failure.detail, remedy="Try again later.", retry_after=30) from failure
    except TimeoutError as failure:
        detail = "The platform took too long to answer."
        raise PlatformUnavailable(detail, remedy="Try again later.", retry_after=30) from failure


def _shown(identity: Identity) -> Identity:
    """As far as it can be kept: a blog calls itself what it likes."""
    avatar_url = storable(identity.avatar_url or "")
    return replace(
        identity,
        username=storable(identity.username)[:_NAME_LENGTH],
        display_name=storable(identity.display_name)[:_NAME_LENGTH],
        avatar_url=avatar_url if 0 < len(avatar_url) <= _URL_LENGTH else None,
        metadata={
            name: storable(value) if isinstance(value, str) else value
            for name, value in identity.metadata.items()
        },
    )


def _handle(username: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "-" for c in username.lower())
    return kept[:40] or "owner"
