"""docs/api.md is true: its snippets run, in their order, against a live service."""

import asyncio
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.api import Api
from tests.plugins.author import Author

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
SECTIONS = 10


def snippets(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
async def environment(author: Author, api: Api, live_url: str) -> dict[str, str]:
    scopes = ("read", "workflows:write", "reviews:decide", "publishing:write")
    program = await api.key(author.user, *scopes)
    return {
        "PROOFROOM_URL": live_url,
        "PROOFROOM_API_KEY": program.headers["authorization"].removeprefix("Bearer "),
    }


async def taken_back(author: Author, external_id: str) -> None:
    """What both languages leave: one post taken back, one that waits for its time, one that is out."""
    [workflow] = (await author.user.get("/v1/workflows", params={"external_id": external_id})).json()["items"]
    rested: Any = await author.rested(workflow["id"])
    assert {each["platform"]: each["status"] for each in rested["threads"]} == {
        "x": "published",
        "linkedin": "scheduled",
        "blog": "published",
    }
    [post] = (await author.user.get("/v1/posts", params={"platform": "x"})).json()["items"]
    assert post["takedown_status"] in {"takedown_pending", "removed"}


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="curl and jq are not installed")
async def test_the_snippets_for_the_shell_run(
    author: Author, environment: dict[str, str], tmp_path: Path
) -> None:
    assert len(snippets("bash")) == SECTIONS
    script = "\n".join(["set -euo pipefail", *snippets("bash")])
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        script,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await shell.communicate()
    assert shell.returncode == 0, said.decode()
    await taken_back(author, "release-7")


async def test_the_snippets_in_python_run(
    author: Author, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(snippets("python")) == SECTIONS + 1
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    page = compile("\n".join(snippets("python")), "docs/api.md", "exec")
    # In a thread: the server runs in this one's loop.
    await asyncio.to_thread(exec, page, {})
    await taken_back(author, "release-8")
