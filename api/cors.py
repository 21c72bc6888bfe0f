"""Which pages elsewhere may speak LangGraph's protocol to this service: Studio and Agent Inbox are such pages.

Only the protocol, and never with cookies: a page needs a key that its user has given it.
"""

from collections.abc import Sequence
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

STUDIO: Final = "https://smith.langchain.com"
_LOOPBACK: Final = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?"
_PROTOCOL: Final = frozenset({"assistants", "threads", "runs", "store", "info", "ok"})
"""The first step of its paths."""
_EXPOSED: Final = (
    "Content-Location",
    "X-Pagination-Total",
    "X-Pagination-Next",
    "X-Request-Id",
    "Retry-After",
)


class Cors:
    """Answers the preflight, that for a private network's address too: hosted Studio reaches a service on loopback."""

    def __init__(self, app: ASGIApp, origins: Sequence[str] | None = None) -> None:
        """`origins` None: Studio's, and those on loopback."""
        self.app = app
        self.shared = CORSMiddleware(
            app,
            allow_origins=[STUDIO] if origins is None else origins,
            allow_origin_regex=_LOOPBACK if origins is None else None,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["*"],
            allow_private_network=True,
            expose_headers=_EXPOSED,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        of_protocol = scope["type"] == "http" and is_protocol(scope["path"])
        await (self.shared if of_protocol else self.app)(scope, receive, send)


def is_protocol(path: str) -> bool:
    return path.partition("/")[2].partition("/")[0] in _PROTOCOL
