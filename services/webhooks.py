"""Callers' addresses that are told what happens: made, changed, tried out, given a new secret."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Final
from uuid import UUID

import httpx
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from core.crypto import Keyring
from core.errors import Conflict, FieldError, Invalid
from core.http import AddressRefused, check_address, is_exempt
from core.principal import Principal
from core.settings import Settings
from models import Webhook, WebhookDelivery, WebhookStatus
from services import pages, rows

TEST_EVENT: Final = "webhook.test"
BOTH_SIGN: Final = timedelta(days=1)
"""After a new secret was given."""
_SECRET_BYTES: Final = 32
_NOW: Final = text("pg_snapshot_xmin(pg_current_snapshot())")


class WebhookAddressRefused(Invalid):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Nothing can be sent to this address"


class WebhookNotActive(Conflict):
    title = "The webhook is not active"


async def check_url(settings: Settings, url: str, pointer: str = "/url") -> None:
    """Raises WebhookAddressRefused. It resolves the name: no transaction is open meanwhile."""
    try:
        if not url.startswith("https://") and not is_exempt(settings, url):
            raise _refused(
                "What happens here is told to https:// addresses only.",
                "Use https, or have the operator list host:port in PROOFROOM_ALLOW_PRIVATE.",
                pointer,
            )
        await check_address(settings, url)
    except AddressRefused as error:
        raise _refused(error.detail, error.remedy, pointer) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _refused(f"{error}.", "Give the address at which the public reaches it.", pointer) from error


async def create(
    session: AsyncSession, principal: Principal, keyring: Keyring, *, url: str, events: Sequence[str]
) -> tuple[Webhook, str]:
    """The webhook and its secret, which is not shown again. It is told what happens from now on."""
    webhook_id, secret = uuid7(), _new_secret()
    webhook = Webhook(
        id=webhook_id,
        workspace_id=principal.workspace_id,
        user_id=principal.user_id,
        url=url,
        events=sorted(set(events)),
        secret=keyring.encrypt(secret.encode(), secret_context(webhook_id)),
    )
    session.add(webhook)
    await session.flush()
    await session.refresh(webhook)
    return webhook, secret


async def browse(session: AsyncSession, wanted: pages.Wanted) -> pages.Slice[Webhook]:
    return await pages.page(session, select(Webhook), (Webhook.created_at, Webhook.id), wanted)


async def find(session: AsyncSession, webhook_id: UUID, *, lock: bool = False) -> Webhook:
    return await rows.find(session, Webhook, webhook_id, "webhook", lock=lock)


async def change(session: AsyncSession, webhook_id: UUID, changes: Mapping[str, object]) -> Webhook:
    """One that is made active again is told what happens from then on; what it missed can be replayed."""
    webhook = await find(session, webhook_id)
    changes = dict(changes)
    if changes.get("status") == WebhookStatus.ACTIVE and webhook.status != WebhookStatus.ACTIVE:
        changes |= {"error": None, "failing_since": None, "after_xid": _NOW, "after_row": 0}
    await rows.change(session, webhook, changes)
    return webhook


async def delete(session: AsyncSession, webhook_id: UUID) -> None:
    """And what it was told."""
    await session.delete(await find(session, webhook_id))
    await session.flush()


async def rotate(session: AsyncSession, keyring: Keyring, webhook_id: UUID) -> tuple[Webhook, str]:
    """A new secret; for a day the one that it replaces signs as well."""
    webhook = await find(session, webhook_id, lock=True)
    secret = _new_secret()
    replaced = keyring.decrypt(webhook.secret, secret_context(webhook_id))
    changes = {
        "secret": keyring.encrypt(secret.encode(), secret_context(webhook_id)),
        "previous_secret": keyring.encrypt(replaced, previous_context(webhook_id)),
        "previous_secret_until": func.now() + BOTH_SIGN,
    }
    await rows.change(session, webhook, changes)
    return webhook, secret


async def test(session: AsyncSession, principal: Principal, webhook_id: UUID) -> WebhookDelivery:
    """A delivery that tells of nothing, sent like any other. Raises WebhookNotActive."""
    webhook = await find(session, webhook_id)
    require_active(webhook)
    delivery = WebhookDelivery(
        id=uuid7(),
        workspace_id=principal.workspace_id,
        webhook_id=webhook.id,
        type=TEST_EVENT,
        payload={"webhook_id": str(webhook.id)},
    )
    session.add(delivery)
    await session.flush()
    await session.refresh(delivery)
    return delivery


def require_active(webhook: Webhook) -> None:
    if webhook.status != WebhookStatus.ACTIVE:
        raise WebhookNotActive(f"The webhook is {webhook.status}.", remedy="Make it active first.")


def secret_context(webhook_id: UUID) -> str:
    return f"webhooks.secret:{webhook_id}"


def previous_context(webhook_id: UUID) -> str:
    return f"webhooks.previous_secret:{webhook_id}"


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def _refused(detail: str, remedy: str | None, pointer: str) -> WebhookAddressRefused:
    return WebhookAddressRefused(detail, remedy=remedy, errors=[FieldError(pointer, detail)])
