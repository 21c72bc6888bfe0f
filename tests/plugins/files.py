"""Files of a project: sent as a form, and what the storage has of them."""

import os
from pathlib import Path
from typing import Any

import httpx

from core.settings import Settings
from tests.plugins.api import User

Json = dict[str, Any]
TEXT = b"# Tea\n\nTea is older than coffee."


async def project(user: User) -> str:
    made = await user.post("/v1/projects", json={"title": "Spring"})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def send(
    user: User,
    project_id: str,
    content: bytes = TEXT,
    name: str = "tea.md",
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    files = {"file": (name, content, "application/x-whatever")}
    return await user.post(f"/v1/projects/{project_id}/files", files=files, headers=headers)


async def sent(
    user: User, project_id: str | None = None, content: bytes = TEXT, name: str = "tea.md"
) -> Json:
    answer = await send(user, project_id or await project(user), content, name)
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


def objects(settings: Settings) -> set[str]:
    folder = settings.data_dir / "objects"
    found = os.walk(folder)  # which lets folders go while it looks
    return {str(Path(where, name).relative_to(folder)) for where, _, names in found for name in names}
