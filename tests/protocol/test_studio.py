"""What hosted Studio and Agent Inbox find at a running service: pages of another origin, in a browser."""

import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from langgraph_sdk import get_client
from pydantic import ValidationError

from cli.studio_door import application
from core.settings import Deployment, Settings
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import BASE_URL, Api
from tests.plugins.protocol import Sdk

STUDIO = "https://smith.langchain.com"
INBOX = "http://localhost:3000"
ELSEWHERE = "https://evil.example"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,x-api-key",
    "Access-Control-Request-Private-Network": "true",
}


def allowed(answer: httpx.Response) -> dict[str, str]:
    return {
        name.removeprefix("access-control-allow-"): value
        for name, value in answer.headers.items()
        if name.startswith("access-control-allow-")
    }


async def test_a_preflight_lets_studio_reach_loopback(api: Api) -> None:
    client = api.client()
    for origin in (STUDIO, INBOX):
        for path in ("/info", "/threads/search", "/assistants/x/graph", "/runs/stream"):
            answer = await client.options(path, headers={"Origin": origin, **PREFLIGHT})
            assert answer.status_code == 200
            assert allowed(answer) == {
                "origin": origin,
                "methods": "GET, POST, PUT, PATCH, DELETE",
                "headers": "content-type,x-api-key",
                "private-network": "true",
            }
            assert answer.headers["vary"].startswith("Origin, ")
            assert answer.headers["access-control-max-age"] == "600"


async def test_what_is_answered_may_be_read_there_and_nowhere_else(api: Api) -> None:
    client = api.client()
    refused = await client.post("/threads/search", json={}, headers={"Origin": STUDIO})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, STUDIO)
    owner = await api.user()
    found = await owner.post("/threads/search", json={}, headers={"Origin": STUDIO})
    exposed = set(found.headers["access-control-expose-headers"].lower().split(", "))
    assert {"x-pagination-total", "x-pagination-next", "content-location"} <= exposed
    assert "access-control-allow-credentials" not in found.headers

    stranger = await client.options("/info", headers={"Origin": ELSEWHERE, **PREFLIGHT})
    assert stranger.status_code == 400
    assert "origin" not in allowed(stranger)
    for path in ("/v1/workflows", "/inbox", "/mcp"):
        beside = await client.options(path, headers={"Origin": STUDIO, **PREFLIGHT})
        assert (beside.status_code in {404, 405}, allowed(beside)) == (True, {}), path


def test_who_may_is_the_operators_choice() -> None:
    embedded = Settings(deployment=Deployment.EMBEDDED)
    assert embedded.shares_protocol
    assert not embedded.model_copy(update={"host": "0.0.0.0"}).shares_protocol
    assert not Settings(deployment=Deployment.DEPLOYED).shares_protocol
    assert Settings(deployment=Deployment.DEPLOYED, allowed_origins=[STUDIO]).shares_protocol
    assert not Settings(deployment=Deployment.EMBEDDED, allowed_origins=[]).shares_protocol
    with pytest.raises(ValidationError):
        Settings(allowed_origins=["https://smith.langchain.com/"])


async def test_only_the_named_origins_when_there_are_some(settings: Settings) -> None:
    from api.app import create_app

    named = settings.model_copy(update={"allowed_origins": ["https://studio.example"]})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(named)), base_url=BASE_URL) as http:
        for origin, status in (("https://studio.example", 200), (STUDIO, 400), (INBOX, 400)):
            answer = await http.options("/info", headers={"Origin": origin, **PREFLIGHT})
            assert answer.status_code == status, origin


async def test_what_is_asked_at_the_start_is_answered(api: Api, sdk: Sdk) -> None:
    nobody = api.client()
    assert (await nobody.get("/ok")).json() == {"ok": True}
    info = (await nobody.get("/info")).json()
    assert info["flags"] == {"assistants": True, "crons": False, "langsmith": False}
    assert info["host"]["kind"] == "self-hosted"
    client = sdk(await api.user())
    assert await client.store.search_items(("memories",)) == {"items": []}
    assert await client.store.list_namespaces() == {"namespaces": []}
    for call in (lambda: client.store.get_item(("a",), "b"), lambda: client.store.put_item(("a",), "b", {})):
        with pytest.raises(httpx.HTTPStatusError, match="nothing outside of their threads"):
            await call()


@pytest.fixture
async def door(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """As Studio's page meets it; behind it is the service, with an owner's key."""
    key = await api.key(await api.user(), "read", "workflows:write")
    behind = httpx.AsyncClient(
        transport=httpx.ASGITransport(api.app),
        base_url=BASE_URL,
        headers={"X-Api-Key": key.headers["Authorization"].removeprefix("Bearer ")},
    )
    shown = httpx.ASGITransport(application(behind))
    async with behind, httpx.AsyncClient(transport=shown, base_url="http://127.0.0.1:2024") as client:
        yield client


async def test_the_door_gives_studio_the_key_and_nothing_but_the_protocol(door: httpx.AsyncClient) -> None:
    door.headers.update({"Origin": STUDIO, "X-Api-Key": "lsv2_langsmiths_own"})
    preflight = await door.options("/threads/search", headers=PREFLIGHT)
    assert (preflight.status_code, allowed(preflight)["private-network"]) == (200, "true")
    made = await door.post("/threads", json={"metadata": {"graph_id": "x"}})
    assert made.status_code == 200, made.text
    assert made.headers["access-control-allow-origin"] == STUDIO
    found = await door.post("/threads/search", json={"limit": 1}, params={"unknown": "kept away"})
    assert (found.json(), found.headers["x-pagination-total"]) == ([made.json()], "1")
    assert (await door.get(f"/threads/{made.json()['thread_id']}/state")).json()["values"] == {}
    for path in ("/v1/me", "/v1/api-keys", "/inbox", "/"):
        assert (await door.get(path)).status_code == 404
    assert (await door.get("/info", headers={"Origin": ELSEWHERE})).status_code == 403
    assert (await door.get("/info", headers={"Host": "rebound.example:2024"})).status_code == 403


async def test_the_command_prints_the_link(api: Api, live_url: str) -> None:
    key = await api.key(await api.user(), "read")
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "cli.main", "studio", "--service", "--port", port]
    server = subprocess.Popen(
        [*command, "--url", live_url, "--api-key", secret],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        link = server.stdout.readline().rstrip()
        here = f"http://127.0.0.1:{port}"
        assert link == f"LangGraph Studio on {live_url}: {STUDIO}/studio/?baseUrl={here}"
        client = get_client(url=here, api_key=None)
        assert len(await client.assistants.search()) == 5
        await client.aclose()
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)
