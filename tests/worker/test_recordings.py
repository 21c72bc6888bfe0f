"""A worker transcribes what comes in, and finds and cuts clips when asked, by the simulated model."""

import asyncio
from typing import Any

import pytest

from core.settings import Settings
from tests.patience import PATIENCE_SECONDS
from tests.plugins.api import Api, User
from tests.plugins.transcription import Record


@pytest.fixture
def settings(settings: Settings, simulator_url: str) -> Settings:
    return settings.model_copy(update={"transcription_base_url": f"{simulator_url}/transcriptions/v1"})


async def until(user: User, path: str, **wanted: str) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found: dict[str, Any] = (await user.get(path)).json()
            if wanted.items() <= found.items():
                return found
            await asyncio.sleep(0.05)


async def test_a_worker_hears_quotes_and_cuts(api: Api, worker: None, record: Record) -> None:
    user = await api.user()
    project = (await user.post("/v1/projects", json={"title": "Talks"})).json()["id"]
    talk = {"file": ("talk.mp3", record("talk.mp3", seconds=20).read_bytes())}
    path = f"/v1/files/{(await user.post(f'/v1/projects/{project}/files', files=talk)).json()['id']}"
    await until(user, path, extraction_status="completed")
    assert "simulated transcription" in (await user.get(f"{path}/text")).json()["text"]
    await user.post(f"{path}/clips")
    await until(user, f"{path}/transcription", clips_status="completed")
    clip = (await user.get(f"{path}/clips")).json()["items"][0]
    await user.post(f"/v1/clips/{clip['id']}/cut")
    await until(user, f"/v1/clips/{clip['id']}", status="cut")
    assert (await user.get(f"/v1/clips/{clip['id']}/content")).status_code == 200
