"""A mail server on loopback, and what has come to it. It relays nothing.

Of `bounce…@` it says that there is nobody of that name, of `later…@`, once, that it should be tried again, and to `relay…@` it
does not send for this sender.
"""

import asyncio
import email
import email.policy
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import nh3
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.simulated import mail_password
from simulators.faults import Fault, Faults
from simulators.pages import index_page, missing_page, post_page
from simulators.record import Entry, Record

_OK: Final = "250 2.0.0 OK"
_REFUSALS: Final = {
    "server_error": "451 4.3.0 Try again later",
    "rate_limited": "451 4.7.1 Too many messages",
    "unauthorized": "530 5.7.0 Authentication required",
}
_CLOSING: Final = "421 4.7.0 Too many messages over this connection"
_NEEDED: Final = ("From", "To", "Subject", "Date", "Message-ID")
_LONGEST_LINE: Final = 998
_ADDRESS: Final = re.compile(r"<https?://[!-;=?-~]+>")


class Mail:
    """aiosmtpd's handler; the hooks' names and arguments are its own."""

    def __init__(self, record: Record, faults: Faults) -> None:
        self._record = record
        self._faults = faults
        self._met: set[str] = set()

    def routes(self) -> list[Route]:
        return [Route("/", self._list), Route("/{id}", self._show)]

    @asynccontextmanager
    async def served(self, port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
        """On loopback, until the context ends. Answers the port, which the system chooses where 0 is given. With `tls` it
        offers STARTTLS."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._session(loop, tls), "127.0.0.1", port)
        async with server:
            yield server.sockets[0].getsockname()[1]

    def lifespan(self, port: int) -> Callable[[Starlette], Any]:
        @asynccontextmanager
        async def live(_: Starlette) -> AsyncIterator[None]:
            async with self.served(port):
                yield

        return live

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not session.authenticated:
            return _REFUSALS["unauthorized"]
        fault = self._faults.take("email", str(session.auth_data), "draft")
        if fault is not None:
            return _cut(server) if fault.kind == "cut" else _REFUSALS.get(fault.kind, _CLOSING)
        envelope.mail_from = address
        return _OK

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("bounce"):
            return "550 5.1.1 There is nobody of that name"
        if address.startswith("relay"):
            return "550 5.1.8 Sender address rejected: Domain not found"
        if address.startswith("later") and address not in self._met:
            self._met.add(address)
            return "451 4.7.1 Greylisted: come back later"
        envelope.rcpt_tos.append(address)
        return _OK

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        account = str(session.auth_data)
        assert isinstance(envelope.content, bytes)
        if complaint := _complaint(envelope.content):
            return f"554 5.6.0 {complaint}"
        fault = self._faults.take("email", account, "publish")
        if fault is None:
            return self._keep(account, envelope)
        return await self._suffer(fault, server, account, envelope)

    async def _suffer(self, fault: Fault, server: SMTP, account: str, envelope: Envelope) -> str:
        match fault.kind:
            case "cut":
                return _cut(server)
            case "lost_answer" | "bad_gateway":
                self._keep(account, envelope)
                return _cut(server)
            case "slow":
                kept = self._keep(account, envelope)
                await asyncio.sleep(fault.seconds)
                return kept
            case "late":
                await asyncio.sleep(fault.seconds)
                return self._keep(account, envelope)
            case kind:
                return _REFUSALS.get(kind, "554 5.7.1 We do not take this message")

    def _keep(self, account: str, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text, html = message.get_body(("plain",)), message.get_body(("html",))
        mail_id = str(self._record.next_id())
        headers = {name.lower(): str(value) for name, value in message.items()}
        self._record.keep(
            Entry(
                platform="email",
                account=account,
                id=mail_id,
                text=text.get_content() if text else "",
                url=f"/mail/{mail_id}",
                fields={
                    "title": headers.get("subject", ""),
                    "to": envelope.rcpt_tos[0],
                    "return_path": envelope.mail_from,
                    "html": nh3.clean(html.get_content(), clean_content_tags={"script", "style", "title"})
                    if html
                    else None,
                    "headers": {**headers},
                },
            )
        )
        return _OK

    def _session(self, loop: asyncio.AbstractEventLoop, tls: ssl.SSLContext | None) -> Callable[[], SMTP]:
        return lambda: SMTP(
            self,
            hostname="mail.simulated.example",
            authenticator=_authenticate,
            tls_context=tls,
            auth_require_tls=tls is not None,
            loop=loop,
        )

    async def _list(self, request: Request) -> Response:
        return index_page(self._record.entries("email"))

    async def _show(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        found = next((entry for entry in self._record.entries("email") if entry.id == wanted), None)
        return post_page(found) if found else missing_page("email")


def _complaint(content: bytes) -> str | None:
    """What RFC 5321, 5322 and 8058 do not allow, as it stands on the wire: mailboxes do not decode an address first."""
    lines = content.split(b"\r\n")
    if any(len(line) > _LONGEST_LINE or b"\n" in line or b"\r" in line for line in lines):
        return "A line is too long, or ends wrongly"
    head = content.partition(b"\r\n\r\n")[0]
    if not head.isascii() or any(byte < 32 for byte in head.replace(b"\r\n", b"")):
        return "The head holds what may not stand there"
    message = email.message_from_bytes(content)
    if any(len(message.get_all(name, [])) != 1 for name in _NEEDED):
        return f"Each of {', '.join(_NEEDED)} is needed once"
    off = message.get("List-Unsubscribe")
    return "List-Unsubscribe is no address" if off and not _ADDRESS.fullmatch(off) else None


def _authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: LoginPassword
) -> AuthResult:
    username = given.login.decode()
    fits = given.password.decode() == mail_password(username)
    return AuthResult(success=fits, handled=False, auth_data=username)


def _cut(server: SMTP) -> str:
    """Closes the connection instead of an answer; what is returned reaches nobody."""
    cast("asyncio.Transport", server.transport).abort()  # uvloop's is none by descent
    return _OK
