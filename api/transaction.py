"""One transaction for each request, committed before the answer leaves."""

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.headers import KEY_HEADER
from core.crypto import Keyring
from core.errors import FieldError, Invalid
from core.principal import Principal
from services import idempotency

KEY_PATTERN: Final = r"^[\x21-\x7e]{1,255}$"
REPLAYED_HEADER: Final = "Idempotent-Replayed"
_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Replay(Exception):
    """The call was answered before; nothing is to be done but to say it again."""

    def __init__(self, answer: idempotency.Answer) -> None:
        super().__init__("answered before")
        self.answer = answer

    @property
    def response(self) -> Response:
        headers = {REPLAYED_HEADER: "true"}
        if self.answer.content_type:
            headers["Content-Type"] = self.answer.content_type
        if self.answer.location:
            headers["Location"] = self.answer.location
        return Response(self.answer.body, status_code=self.answer.status, headers=headers)


class Part:
    """One of many things that a call does, in a transaction of its own. `said`: what it brought the first time."""

    def __init__(
        self, session: AsyncSession, keyring: Keyring, call: idempotency.Call | None, said: bytes | None
    ) -> None:
        self.session = session
        self.said = said
        self._keyring = keyring
        self._call = call

    async def keep(self, said: bytes) -> None:
        """Beside what it tells of, in the same commit."""
        if self._call is not None:
            answer = idempotency.Answer(HTTPStatus.OK, None, said)
            await idempotency.store(self.session, self._keyring, self._call, answer)


class UnitOfWork:
    """A handler's transaction. It begins when first asked for, so that slow work can be done before it.

    Leaving the block commits, or rolls back what an exception interrupted.
    """

    def __init__(self, request: Request, principal: Principal, call: idempotency.Call | None) -> None:
        self._state = request.app.state
        self._principal = principal
        self._call = call
        self._stack = AsyncExitStack()
        self._session: AsyncSession | None = None

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, trace)

    def identify(self, *parts: bytes) -> None:
        """What a body was that the idempotency key stands for, where it was too large to be read beforehand."""
        if self._call is not None:
            said = hashlib.sha256(self._call.body_hash)
            for part in parts:
                said.update(part)
            self._call = replace(self._call, body_hash=said.digest())

    async def begin(self) -> AsyncSession:
        """The request's session. Raises Replay when the call was answered before; a twin still under way is awaited."""
        if self._session is None:
            tenant = self._state.db.tenant(self._principal.workspace_id, self._principal.user_id)
            session: AsyncSession = await self._stack.enter_async_context(tenant)
            self._session = session
            if self._call is not None:
                self._say_again(await idempotency.reserve(session, self._state.keyring, self._call))
        return self._session

    async def commit(self) -> None:
        """Before the block's end, for who answers with what follows. There is no other transaction after it."""
        await self._stack.aclose()
        self._session = None

    async def look_back(self) -> None:
        """For a handler that works before it begins. Raises Replay when the call was answered before."""
        if self._call is not None:
            async with self._state.db.tenant(
                self._principal.workspace_id, self._principal.user_id
            ) as session:
                self._say_again(await idempotency.answered(session, self._state.keyring, self._call))

    @asynccontextmanager
    async def part(self, number: int) -> AsyncIterator[Part]:
        """For a call that commits several times: a repeat after a crash between two of them does only what is left."""
        call, said = self._call, None
        async with self._state.db.tenant(self._principal.workspace_id, self._principal.user_id) as session:
            if call is not None:
                # Not the call's own key with a number: that could be another call's.
                name = hashlib.sha256(f"{number} {call.key}".encode()).hexdigest()
                call = replace(call, key=f"part:{name}", path=f"{call.path}#{number}")
                said = await idempotency.reserve(session, self._state.keyring, call)
            yield Part(session, self._state.keyring, call, said.body if said else None)

    async def keep(self, response: Response) -> None:
        """Store the answer beside what it tells of, in the same commit. Who answers with a stream keeps something else."""
        if self._session is None or self._call is None or isinstance(response, StreamingResponse):
            return
        answer = idempotency.Answer(
            response.status_code,
            response.headers.get("content-type"),
            bytes(response.body),
            response.headers.get("location"),
        )
        await idempotency.store(self._session, self._state.keyring, self._call, answer)

    def _say_again(self, answer: idempotency.Answer | None) -> None:
        if answer is not None:
            raise Replay(answer)


async def read_call(
    request: Request, principal: Principal, key: str | None = None, *, streamed: bool = False
) -> idempotency.Call | None:
    """What an Idempotency-Key stands for: this caller sending exactly this. Raises Invalid for a bad key.

    `key`: one that did not come in the header, but in a form. `streamed`: the body is left for `UnitOfWork.identify`.
    """
    key = request.headers.get(KEY_HEADER, key)
    if key is None or request.method not in _WRITES:
        return None
    if not re.fullmatch(KEY_PATTERN, key):
        detail = "Take 1 to 255 printable ASCII characters without spaces."
        raise Invalid(
            "The idempotency key is not usable.", errors=[FieldError(f"header.{KEY_HEADER}", detail)]
        )
    said = hashlib.sha256()
    body = b"" if streamed else await request.body()
    for part in (principal.user_id.bytes, request.url.query.encode(), b"\n", body):
        said.update(part)
    return idempotency.Call(
        workspace_id=principal.workspace_id,
        user_id=principal.user_id,
        key=key,
        method=request.method,
        path=request.url.path,
        body_hash=said.digest(),
        keep_hours=request.app.state.settings.idempotency_hours,
    )
