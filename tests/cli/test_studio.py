"""`proofroom studio`: LangGraph's own development server on a running service's thread. What it is without a service:
tests/protocol/test_both_servers.py."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from langgraph_sdk import get_client
from langgraph_sdk.schema import Command

from cli import data_directory
from platforms.registry import PlatformName
from tests.plugins.development_server import free_port, serving

if TYPE_CHECKING:
    from tests.plugins.scene import Scene


async def test_a_running_services_thread_can_be_opened(
    tmp_path: Path, scene: "Scene", database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROOFROOM_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/another")
    (thread_id,) = await scene.start("x")
    await scene.advance()
    rows = "SELECT checkpoint_id FROM checkpoints WHERE thread_id = :id"
    kept = await scene.rows(rows, id=str(thread_id))
    command = ("cli.main", "studio", "--thread", str(thread_id), "--database-url", database_url)
    with serving(tmp_path, *command, until="Studio's list") as url:
        client = get_client(url=url)
        assert {graph["graph_id"] for graph in await client.assistants.search()} == set(PlatformName)
        state = await client.threads.get_state(str(thread_id))
        assert state["next"] == ["human_review"]
        assert state["interrupts"][0]["value"]["draft"]["content"].startswith("Draft 0 says")
        assert len(await client.threads.get_history(str(thread_id), limit=100)) == len(kept)
        accept: Command = {"resume": {"decision": "accept"}}
        await client.runs.wait(str(thread_id), "x", command=accept)
        assert (await client.threads.get_state(str(thread_id)))["next"] == ["publish"]
    assert await scene.rows(rows, id=str(thread_id)) == kept
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_thread_that_a_data_directory_does_not_have_is_said_not_to_be_there(
    database_url: str, tmp_path: Path
) -> None:
    data_directory.write(tmp_path, "http://127.0.0.1:8750", None, database_url)
    missing = "3a0ff9b5-5ec3-4d70-a4d7-e6ba3a6d9a10"
    command = [sys.executable, "-m", "cli.main", "studio", "--thread", missing, "--port", str(free_port())]
    found = subprocess.run(
        [*command, "--data-dir", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert found.returncode == 4
    assert found.stderr == f"proofroom: There is no thread {missing} in this database.\n"
