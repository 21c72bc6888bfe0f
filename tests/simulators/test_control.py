"""Faults, resets and the journal that survives a kill."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette

from core.simulated import x_token
from simulators.app import create_app


def client(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://simulators")


async def post(http: httpx.AsyncClient, name: str, text: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {x_token(name)}"}
    return await http.post("/x/2/tweets", json={"text": text}, headers=headers)


async def texts(http: httpx.AsyncClient, **query: str) -> list[str]:
    return [item["text"] for item in (await http.get("/_control/posts", params=query)).json()["items"]]


async def test_the_journal_outlives_the_process(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    async with client(create_app(journal)) as http:
        await post(http, "anna", "First")
        deleted = (await post(http, "anna", "Second")).json()["data"]["id"]
        await http.delete(f"/x/2/tweets/{deleted}", headers={"Authorization": f"Bearer {x_token('anna')}"})
    async with client(create_app(journal)) as http:
        entries = (await http.get("/_control/posts")).json()["items"]
        assert [(entry["text"], entry["status"]) for entry in entries] == [
            ("Second", "deleted"),
            ("First", "published"),
        ]
        assert (await post(http, "anna", "First")).status_code == 403


async def test_a_write_torn_by_a_kill_is_forgotten(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    async with client(create_app(journal)) as http:
        await post(http, "anna", "First")
    with journal.open("ab") as torn:
        torn.write(b'{"entry": {"platform": "x", "acc')
    async with client(create_app(journal)) as http:
        await post(http, "anna", "Second")
    async with client(create_app(journal)) as http:
        assert await texts(http) == ["Second", "First"]


async def test_a_damaged_journal_is_not_read_past(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_text('damaged\n{"reset": {}}\n')
    with pytest.raises(ValueError, match="Line"):
        create_app(journal)


async def test_a_reset_forgets_one_account(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    async with client(create_app(journal)) as http:
        await post(http, "anna", "Annas")
        await post(http, "ben", "Bens")
        await http.post("/_control/reset", json={"platform": "x", "account": "anna"})
        assert await texts(http) == ["Bens"]
    async with client(create_app(journal)) as http:
        assert await texts(http) == ["Bens"]


async def test_a_fault_meets_only_its_account_and_only_so_often() -> None:
    async with client(create_app()) as http:
        fault = {"platform": "x", "account": "anna", "kind": "payment_required", "count": 2}
        assert (await http.post("/_control/faults", json=fault)).status_code == 201
        assert (await post(http, "ben", "Bens")).status_code == 201
        assert [(await post(http, "anna", "Annas")).status_code for _ in range(3)] == [402, 402, 201]
        assert (await http.get("/_control/faults")).json() == {"items": []}


async def test_the_front_page_lists_what_is_out() -> None:
    async with client(create_app()) as http:
        assert "No posts yet" in (await http.get("/")).text
        await post(http, "anna", "<Words>")
        page = (await http.get("/")).text
        assert "&lt;Words&gt;" in page
        assert "Simulated" in page


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"platform": "x"},
        {"platform": "x", "kind": "unheard_of"},
        {"platform": "x", "kind": "cut", "count": 0},
    ],
)
async def test_an_order_that_makes_no_sense_is_refused(fault: dict[str, Any]) -> None:
    async with client(create_app()) as http:
        assert (await http.post("/_control/faults", json=fault)).status_code == 422


async def test_a_cut_is_a_cut_on_the_wire(simulator_url: str) -> None:
    name = f"c-{uuid4().hex[:8]}"
    async with httpx.AsyncClient(base_url=simulator_url) as http:
        await http.post("/_control/faults", json={"platform": "x", "account": name, "kind": "lost_answer"})
        with pytest.raises(httpx.RemoteProtocolError):
            await post(http, name, "Words")
        assert await texts(http, platform="x", account=name) == ["Words"]
