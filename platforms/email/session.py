"""A connection to an account's mail server, and what its refusals mean."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import SplitResult, urlsplit

import aiosmtplib
import httpx
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from core.http import AddressRefused
from core.text import storable
from platforms.base import Account, Delivery, PlatformError, Reauthorize, Unreachable

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 30.0
"""For each of the server's answers: many look through a mail for spam before they take it."""
QUIT_SECONDS: Final = 2.0
NAME: Final = "proofroom.invalid"
"""What we call ourselves. A relay that asks for a password does not look at it, and our own name tells about us."""
_PORTS: Final = {"smtp": 587, "smtps": 465}
_MAX_WORDS: Final = 400
_DIGITS: Final = 5
"""Of a number of mails in a minute."""
_GONE: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""Of RFC 3463 and 7505: the reader's address is wrong, has moved, or its mailbox is closed. 5.1.7 and 5.1.8 are the sender's,
5.1.0 is used for both."""


@asynccontextmanager
async def connected(account: Account) -> AsyncIterator[aiosmtplib.SMTP]:
    """Encrypted, and signed in where there is a password. Raises Unreachable and Reauthorize."""
    username, password = account.credentials.get("username"), account.credentials.get("password")
    address = _address(account)
    smtp = aiosmtplib.SMTP(
        hostname=address.hostname,
        username=username or None,
        password=password or None,
        sock=await _socket(account, address),
        use_tls=address.scheme == "smtps",
        # A password is for encrypted connections only; the simulators' is no secret.
        start_tls=True if address.scheme == "smtp" and password and not account.simulated else None,
        # Without one there is nothing to keep from a stranger that he would not get unencrypted as well (RFC 7435), and
        # a relay next door has a certificate of its own making.
        validate_certs=bool(password) or address.scheme == "smtps",
        local_hostname=NAME,
        timeout=ANSWER_SECONDS,
    )
    try:
        await smtp.connect()
        yield smtp
        with suppress(SMTPException, OSError):  # all was said before
            await smtp.quit(timeout=QUIT_SECONDS)
    except (SMTPException, OSError) as error:
        raise failure(error, address.hostname or "") from error
    finally:
        smtp.close()


def pace_of(account: Account) -> int | None:
    """Mails in a minute that its mail service allows; None where it names no number. Raises Reauthorize."""
    given = account.credentials.get("per_minute", "").strip()
    if not given:
        return None
    if not given.isdecimal() or len(given) > _DIGITS or int(given) == 0:
        raise Reauthorize(f"{given[:20]!r} is no number of mails in a minute.")
    return int(given)


def failure(error: SMTPException | OSError, host: str) -> PlatformError:
    """Of what concerns no single recipient: nothing was sent by it."""
    match error:
        case SMTPAuthenticationError() if error.code >= 500:
            return Reauthorize(f"{host} does not take the password: {said(error)}")
        case SMTPSenderRefused() if error.code >= 500:
            return Reauthorize(f"{host} does not let this account send: {said(error)}")
        case SMTPResponseException():
            return Unreachable(f"{host} does not take mail now: {said(error)}")
        case ssl.SSLCertVerificationError():
            return Reauthorize(f"{host} cannot be trusted: {error.verify_message}")
        case SMTPConnectError() if isinstance(error.__cause__, ssl.SSLCertVerificationError):
            return failure(error.__cause__, host)
        case SMTPServerDisconnected() | OSError():
            # The library's own words name a port that it was not told.
            return Unreachable(f"{host} cannot be reached: {error.__cause__ or error}")
        case _:
            # What the library itself will not do: no STARTTLS, no way to sign in.
            return Reauthorize(f"{host} cannot be used: {error}")


def refusal(error: SMTPResponseException) -> Delivery:
    """Of one recipient's copy."""
    if error.code < 500:
        return Delivery("deferred", said(error))
    return Delivery("bounced" if is_gone(error.message) else "failed", said(error))


def said(answer: SMTPResponse | SMTPResponseException) -> str:
    """The server's own words, with its code."""
    return storable(f"{answer.code} {' '.join(answer.message.split())}")[:_MAX_WORDS]


def is_gone(words: str) -> bool:
    """There is no such address, by the enhanced code that a server's words begin with. Where there is none nobody is struck
    off: the same 550 is said of an unknown reader and of a sender that may not send, and then of all readers."""
    return words.strip().partition(" ")[0] in _GONE


def _address(account: Account) -> SplitResult:
    try:
        address = urlsplit(account.base_url)
        port = address.port
    except ValueError:
        address, port = SplitResult("", "", "", "", ""), None
    if address.scheme not in _PORTS or not address.hostname or port == 0:
        cause = httpx.InvalidURL("not smtp:// or smtps://")
        raise Reauthorize(f"{account.base_url} is not smtp://… or smtps://….") from cause
    return address


async def _socket(account: Account, address: SplitResult) -> socket.socket:
    """Connected to an address that was checked, and to no other."""
    assert account.addresses is not None, "an account that is opened for a call can find its server"
    host, port = address.hostname or "", address.port or _PORTS[address.scheme]
    bracketed = f"[{host}]" if ":" in host else host
    try:
        found = await account.addresses(f"http://{bracketed}:{port}")
    except AddressRefused as error:
        raise Reauthorize(f"The account's address cannot be used: {error.detail}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable(f"{host} cannot be reached: {error}") from error
    last: OSError = OSError(f"{host} has no address")
    for each in found:
        family = socket.AF_INET6 if ":" in each else socket.AF_INET
        tried = socket.socket(family, socket.SOCK_STREAM)
        tried.setblocking(False)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().sock_connect(tried, (each, port))
        except (OSError, TimeoutError) as error:
            tried.close()
            last = error
        except BaseException:
            tried.close()
            raise
        else:
            return tried
    raise Unreachable(f"{host} cannot be reached: {str(last) or 'no answer came'}") from last
