"""Sends a newsletter, recipient by recipient. SMTP has no way to ask later what was sent: that is kept by who calls."""

from contextlib import suppress
from typing import Final

import aiosmtplib
import httpx
from aiosmtplib import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
)

from platforms.base import (
    Account,
    CannotTell,
    Delivery,
    Identity,
    LookUp,
    PlatformError,
    Publication,
    RateLimited,
    Receipt,
    Recipient,
    Refused,
    Unreachable,
)
from platforms.email.message import compose, letter_of, return_path, sender_of
from platforms.email.session import connected, pace_of, refusal, said

CLOSING = 421
"""Whatever was asked: the server is about to close the connection (RFC 5321, 3.8)."""

DEFERRED_LIMIT: Final = 5
"""In a row: then it is not about them, it is that the server has had enough of us."""
LATER_SECONDS: Final = 300.0


class EmailPublisher:
    async def publish(self, http: httpx.AsyncClient, account: Account, publication: Publication) -> Receipt:
        """To whoever `recipients` gives. What fails for one of them is settled, and goes on with the next; what fails
        for all is raised. The sender is named before anybody is taken, so that what the server holds against the
        account, or against so many mails over one connection, is nobody's try."""
        recipients = publication.recipients
        assert recipients is not None, "this platform mails"
        sender = sender_of(account)
        letter = letter_of(publication.content, recipients.list_id, recipients.list_name)
        path, deferred = return_path(account, sender), 0
        async with connected(account) as smtp:
            while True:
                await smtp.mail(path)
                if (recipient := await recipients.next()) is None:
                    break
                try:
                    delivery = await _send(smtp, compose(letter, sender, recipient), recipient)
                except (PlatformError, SMTPException, OSError):
                    await recipients.settle(recipient, Delivery("deferred", "The mail server broke off."))
                    raise
                await recipients.settle(recipient, delivery)
                if delivery.outcome == "unknown":
                    raise Unreachable(delivery.detail)
                deferred = deferred + 1 if delivery.outcome == "deferred" else 0
                if deferred == DEFERRED_LIMIT:
                    raise RateLimited(
                        f"The mail server takes no more for now: {delivery.detail}", LATER_SECONDS
                    )
        return Receipt(str(publication.job_id), "", {"from": str(sender)})

    async def find(self, http: httpx.AsyncClient, account: Account, publication: Publication) -> LookUp:
        return CannotTell("A mail server does not say what it has sent; the newsletter's deliveries do.")

    async def unpublish(self, http: httpx.AsyncClient, account: Account, platform_post_id: str) -> None:
        raise Refused("Mail that was sent cannot be called back.")

    async def identify(self, http: httpx.AsyncClient, account: Account) -> Identity:
        """Connects, signs in, and sends nothing."""
        sender = sender_of(account)
        return_path(account, sender)
        pace = pace_of(account)
        async with connected(account) as smtp:
            await smtp.noop()
        goes_to = account.credentials.get("list", "").strip()
        return Identity(
            f"{sender.addr_spec} {goes_to}",
            sender.addr_spec,
            f"{sender.display_name} to {goes_to}",
            metadata={"per_minute": pace} if pace else {},
        )


async def _send(smtp: aiosmtplib.SMTP, message: bytes, recipient: Recipient) -> Delivery:
    """Raises what concerns the connection; then this recipient has surely got nothing."""
    try:
        await smtp.rcpt(recipient.address)
    except SMTPRecipientRefused as error:
        return await _refused(smtp, error)
    try:
        response = await smtp.data(message)
    except SMTPDataError as error:
        return await _refused(smtp, error)
    except (SMTPResponseException, OSError) as error:
        return Delivery("unknown", f"No answer came after the mail was sent: {error}")
    return Delivery("sent", said(response))


async def _refused(smtp: aiosmtplib.SMTP, error: SMTPResponseException) -> Delivery:
    if error.code == CLOSING:
        raise Unreachable(f"The mail server closes the connection: {said(error)}") from error
    # What it said stands; a connection that is gone shows at the next mail.
    with suppress(SMTPException, OSError):
        await smtp.rset()
    return refusal(error)
