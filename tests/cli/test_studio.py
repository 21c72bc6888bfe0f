"""LangGraph's own development server and client, on our graphs: offline, and on a running service's thread."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from langgraph_sdk import get_client
from langgraph_sdk.schema import Command

if TYPE_CHECKING:
    from tests.plugins.scene import Scene

SOURCE = {
    "text": "The ward cut waiting times by 40 % in March. Nurses now see 120 patients a day. It cost 9,000 euros."
}


@contextmanager
def studio(tmp_path: Path, *arguments: str) -> Iterator[str]:
    """The server's address, once it lists the thread that it was told to open, if any."""
    port = _free_port()
    command = [sys.executable, "-m", "cli.main", "studio", "--port", str(port), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _await(url, server, tmp_path / "log", "Studio's list" if "--thread" in arguments else "")
        yield url
    finally:
        server.terminate()
        server.wait(20)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def _await(url: str, server: subprocess.Popen[bytes], log: Path, words: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"{url}/ok").is_success and words in log.read_text():
                return
        except httpx.TransportError:
            pass
        if server.poll() is not None or time.monotonic() > deadline:
            pytest.fail(log.read_text())
        time.sleep(0.2)


async def test_a_brief_goes_the_whole_way_with_no_key_and_no_service(tmp_path: Path) -> None:
    with studio(tmp_path) as url:
        client = get_client(url=url)
        graphs = await client.assistants.search()
        assert {graph["graph_id"] for graph in graphs} == {"linkedin", "x", "blog"}
        schemas = await client.assistants.get_schemas(graphs[0]["assistant_id"])
        assert schemas["context_schema"] is not None
        assert {"writer_model", "quality_bar", "max_rounds", "tone_of_voice"} <= set(
            schemas["context_schema"]["properties"]
        )
        thread_id = (await client.threads.create())["thread_id"]
        await client.runs.wait(thread_id, "x", input={"source": SOURCE}, context={"max_rounds": 1})
        state = await client.threads.get_state(thread_id)
        assert state["next"] == ["human_review"]
        values = state["values"]
        assert isinstance(values, dict)
        assert [draft["prompt"]["model"] for draft in values["drafts"]] == ["offline"]
        assert values["evaluations"][0]["prompt"]["text"]

        await client.runs.wait(thread_id, "x", command={"resume": "fine by me"}, raise_error=False)
        assert (await client.threads.get_state(thread_id))["next"] == ["human_review"]
        edit = {"decision": "edit", "content": "120 patients a day, and nobody waits."}
        await client.runs.wait(thread_id, "x", command={"resume": edit})
        receipt = {"outcome": "published", "platform_post_id": "1", "url": "https://x.com/ward/1"}
        end = await client.runs.wait(thread_id, "x", command={"resume": receipt})
        assert isinstance(end, dict)
        assert end["outcome"] == "published"


async def test_a_running_services_thread_can_be_opened(
    tmp_path: Path, scene: "Scene", database_url: str
) -> None:
    (thread_id,) = await scene.start("x", text=SOURCE["text"])
    await scene.advance()
    rows = "SELECT checkpoint_id FROM checkpoints WHERE thread_id = :id"
    kept = await scene.rows(rows, id=str(thread_id))
    with studio(tmp_path, "--thread", str(thread_id), "--database-url", database_url) as url:
        client = get_client(url=url)
        state = await client.threads.get_state(str(thread_id))
        assert state["next"] == ["human_review"]
        assert state["interrupts"][0]["value"]["draft"]["content"].startswith("Draft 0 says")
        assert len(await client.threads.get_history(str(thread_id), limit=100)) == len(kept)
        accept: Command = {"resume": {"decision": "accept"}}
        await client.runs.wait(str(thread_id), "x", command=accept)
        assert (await client.threads.get_state(str(thread_id)))["next"] == ["publish"]
    assert await scene.rows(rows, id=str(thread_id)) == kept
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_thread_that_is_not_there_is_said_so(database_url: str) -> None:
    command = [
        sys.executable,
        "-m",
        "cli.main",
        "studio",
        "--port",
        str(_free_port()),
        "--database-url",
        database_url,
    ]
    missing = "3a0ff9b5-5ec3-4d70-a4d7-e6ba3a6d9a10"
    found = subprocess.run([*command, "--thread", missing], capture_output=True, text=True, check=False)
    assert found.returncode == 4
    assert found.stderr == f"proofroom: There is no thread {missing} in this database.\n"
