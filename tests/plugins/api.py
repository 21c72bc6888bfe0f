"""The API over ASGI on this test's own database, and people who use it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import httpx
import pytest
from argon2 import PasswordHasher

from core.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.datastructures import State

    from core.db import Database
    from services.access.identity import Registered

BASE_URL = "http://localhost"
PASSWORD = "correct horse battery"


_HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""With hardly any work: what today's parameters take for each of the suite's people adds up to a minute."""


class User(httpx.AsyncClient):
    """A client that is signed in as somebody."""

    user_id: UUID
    username: str
    workspace_id: UUID


@dataclass
class Api:
    """`await api.user()` is somebody who is signed in; `api.client()` is nobody yet."""

    app: "FastAPI"
    _clients: list[httpx.AsyncClient] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)

    def client(self, token: str | None = None, **headers: str) -> User:
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        client = User(transport=httpx.ASGITransport(self.app), base_url=BASE_URL, headers=headers)
        self._clients.append(client)
        return client

    async def user(self, username: str | None = None) -> User:
        """Signed in, owner of a personal workspace, as if they had registered with PASSWORD."""
        name = username or f"user-{next(self._numbers)}"
        made, token = await sign_up(self.app.state, name)
        user = self.client(token)
        user.user_id, user.username, user.workspace_id = made.user_id, name, made.workspace_id
        return user

    async def member(self, owner: User, role: str, workspace_id: UUID | None = None) -> User:
        """Somebody new who has `role` in the owner's workspace and acts in it."""
        where = {"X-Workspace-Id": str(workspace_id or owner.workspace_id)}
        invitation = await owner.post("/v1/invitations", json={"role": role}, headers=where)
        assert invitation.status_code == 201, invitation.text
        user = await self.user()
        joined = await user.post("/v1/invitations/accept", json={"token": invitation.json()["token"]})
        assert joined.status_code == 200, joined.text
        user.headers.update(where)
        return user

    async def key(self, owner: User, *scopes: str) -> User:
        """A program with an API key of the owner's."""
        made = await owner.post("/v1/api-keys", json={"name": "test", "scopes": list(scopes)})
        assert made.status_code == 201, made.text
        return self.client(made.json()["key"])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients:
            await client.aclose()


def check_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"urn:proofroom:problem:{code}"
    assert problem["title"]
    assert problem["detail"]
    assert isinstance(problem["retryable"], bool)
    assert problem["remedy"]
    return problem


async def sign_up(state: "State", username: str) -> "tuple[Registered, str]":
    """Somebody new with PASSWORD, and a session's token."""
    from services.access import identity, sessions  # slow to load, and most tests do not need it

    async with state.db.anonymous() as session:
        made = await identity.add_user(
            session,
            state.keyring,
            state.settings,
            username=username,
            email=f"{username}@example.com",
            hashed_password=_HASHED,
        )
    device = sessions.Device("test", "127.0.0.1")
    token = await sessions.start(state.db, state.keyring, state.settings, made.user_id, device)
    return made, token.secret


@pytest.fixture
async def api(settings: Settings, db: "Database") -> AsyncIterator[Api]:
    from api.app import create_app  # slow to load, and most tests do not need it

    async with Api(create_app(settings, database=db)) as made:
        yield made
