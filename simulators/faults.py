"""Faults on demand: what goes wrong on the way to a platform, and what a platform answers when it will not."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from simulators.record import Platform

Kind = Literal[
    "lost_answer",
    "bad_gateway",
    "cut",
    "slow",
    "late",
    "server_error",
    "rate_limited",
    "unauthorized",
    "payment_required",
    "upgrade_required",
    "duplicate",
]
Step = Literal["publish", "draft", "upload", "read", "remove", "identify"]
Endpoint = Callable[[Request], Awaitable[Response]]
AccountOf = Callable[[Request], str]
"""Whose credentials a request carries; raises Refusal."""
Handler = Callable[[Request, str], Awaitable[Response]]
"""Called with the account that the request's credentials belong to."""
Answers = Mapping[str, Callable[[float], Response]]
"""A platform's own answer for each kind that it words itself, given the fault's seconds."""


class Fault(BaseModel):
    """Happens to the next `count` fitting requests.

    lost_answer: done, and the connection is cut. bad_gateway: done, and 502 is answered. cut: not done, and the
    connection is cut. slow: done at once, answered after `seconds`. late: done and answered after `seconds`.
    The others are refusals in the platform's words; `seconds` is then when it may be asked again.
    """

    model_config = ConfigDict(extra="forbid")

    platform: Platform
    account: str | None = None
    kind: Kind
    step: Step | None = "publish"
    """Which requests; null: all. `publish` makes a post public, `draft` and `remove` are what they say."""
    count: int = Field(1, ge=1)
    seconds: float = Field(1, ge=0)


class Refusal(Exception):
    """A request is answered with `response` and has no effect."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class Faults:
    def __init__(self) -> None:
        self._pending: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._pending)

    def add(self, fault: Fault) -> None:
        self._pending.append(fault)

    def clear(self, platform: Platform | None, account: str | None) -> None:
        self._pending = [
            fault
            for fault in self._pending
            if platform not in (None, fault.platform) or account not in (None, fault.account)
        ]

    def take(self, platform: Platform, account: str, step: Step) -> Fault | None:
        """The first that fits, counted down."""
        for index, fault in enumerate(self._pending):
            if fault.platform == platform and fault.account in (None, account) and fault.step in (None, step):
                left = fault.model_copy(update={"count": fault.count - 1})
                self._pending[index : index + 1] = [left] if left.count else []
                return fault
        return None


class Cut(Response):
    """Closes the connection in the middle of the answer: the server does so when a body ends before its length."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})


def endpoint(
    faults: Faults,
    platform: Platform,
    step: Step,
    answers: Answers,
    account_of: AccountOf,
    handler: Handler,
) -> Endpoint:
    """`handler` behind the credentials check and whatever fault is due."""

    async def answer(request: Request) -> Response:
        try:
            account = account_of(request)
            fault = faults.take(platform, account, step)
            if fault is None:
                return await handler(request, account)
            return await _suffer(fault, answers, request, account, handler)
        except Refusal as refusal:
            return refusal.response

    return answer


async def _suffer(
    fault: Fault, answers: Answers, request: Request, account: str, handler: Handler
) -> Response:
    match fault.kind:
        case "cut":
            return Cut()
        case "lost_answer":
            await handler(request, account)
            return Cut()
        case "bad_gateway":
            await handler(request, account)
            return PlainTextResponse("Bad Gateway", 502)
        case "slow":
            response = await handler(request, account)
            await asyncio.sleep(fault.seconds)
            return response
        case "late":
            await request.body()  # while the caller is still there
            await asyncio.sleep(fault.seconds)
            return await handler(request, account)
        case "server_error":
            return PlainTextResponse("Service Unavailable", 503)
        case kind:
            return answers[kind](fault.seconds)
