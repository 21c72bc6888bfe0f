"""The pages over ASGI, and people who are signed in there by cookie."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from core.settings import Settings
from tests.plugins.api import BASE_URL, Api, User, sign_up

if TYPE_CHECKING:
    from core.db import Database
    from tests.plugins.scene import Scene

_TOKEN = re.compile(r'"X-CSRF-Token": "([0-9a-f]{128})"')


class Visitor(httpx.AsyncClient):
    """A browser without JavaScript: keeps cookies, sends forms with the token of the page that it saw last."""

    user_id: UUID
    username: str
    workspace_id: UUID
    api: User
    """The same person with a token, for what is quicker by `/v1`."""
    csrf_token = ""

    async def see(self, path: str, status: int = 200, **parameters: Any) -> str:
        """A page's HTML."""
        answer = await self.get(path, **parameters)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text}"
        if found := _TOKEN.search(answer.text.replace("&#34;", '"')):
            self.csrf_token = found[1]
        return answer.text

    async def submit(
        self, path: str, form: Mapping[str, Any] | None = None, **parameters: Any
    ) -> httpx.Response:
        """A form, as a plain browser sends it; redirects are not followed."""
        if not self.csrf_token:
            await self.see("/register")
        return await self.post(path, data={"csrf_token": self.csrf_token, **(form or {})}, **parameters)

    async def swap(self, path: str, form: Mapping[str, Any] | None = None) -> httpx.Response:
        """The same as htmx does it."""
        return await self.submit(
            path, form, headers={"HX-Request": "true", "HX-Current-URL": f"{BASE_URL}/inbox"}
        )


class Room(Api):
    """`await room.person()` is somebody who is signed in; `room.visitor()` is nobody yet. Also all that `Api` is."""

    def visitor(self) -> Visitor:
        made = Visitor(transport=httpx.ASGITransport(self.app), base_url=BASE_URL)
        self._clients.append(made)
        return made

    async def person(self, username: str | None = None) -> Visitor:
        """Owner of a personal workspace."""
        name = username or f"person-{next(self._numbers)}"
        made, token = await sign_up(self.app.state, name)
        api = self.client(token)
        api.user_id, api.username, api.workspace_id = made.user_id, name, made.workspace_id
        return self.seat(api, token)

    def seat(self, api: User, token: str) -> Visitor:
        """Somebody who has a session already, in the workspace that their API client names."""
        visitor = self.visitor()
        visitor.api, visitor.user_id, visitor.username = api, api.user_id, api.username
        visitor.workspace_id = api.workspace_id
        visitor.cookies.set("proofroom_session", token)
        return visitor

    async def colleague(self, owner: Visitor, role: str) -> Visitor:
        """Somebody new who has `role` in the owner's workspace and looks at it."""
        api = await self.member(owner.api, role)
        seated = self.seat(api, api.headers["Authorization"].removeprefix("Bearer "))
        seated.workspace_id = owner.workspace_id
        seated.cookies.set("proofroom_workspace", str(owner.workspace_id))
        return seated


async def wait(scene: "Scene", *platforms: str, texts: tuple[str, ...] = (), **brief: Any) -> list[str]:
    """Addresses of reviews that wait for a decision, in the order of `platforms`."""
    scene.words.texts = iter(texts)
    threads = await scene.start(*platforms, **brief)
    await scene.advance()
    return [f"/reviews/{(await scene.review(thread_id))['id']}" for thread_id in threads]


def went(answer: httpx.Response, where: str) -> None:
    assert (answer.status_code, answer.headers.get("location")) == (303, where), answer.text


def link(html: str, pattern: str) -> str:
    """The first address that matches."""
    found = re.search(rf'(?:href|action)="({pattern})"', html)
    assert found, f"no {pattern} in {html}"
    return found[1]


@pytest.fixture
async def room(settings: Settings, db: "Database") -> AsyncIterator[Room]:
    from web.app import create_app  # slow to load, and most tests do not need it

    async with Room(create_app(settings, database=db)) as made:
        yield made
