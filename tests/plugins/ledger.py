"""What is approved in a scene, what its platforms have, and what goes wrong on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from core.simulated import simulated_account

if TYPE_CHECKING:
    from uuid import UUID

    from tests.plugins.scene import Scene


async def approved(scene: Scene, platform: str = "x", **decision: Any) -> UUID:
    """A thread whose draft has just been accepted."""
    (thread_id,) = await scene.start(platform)
    await scene.advance()
    await scene.accept(thread_id, **decision)
    return thread_id


async def account(scene: Scene, platform: str) -> dict[str, Any]:
    return await scene.row("SELECT * FROM connected_accounts WHERE platform = :platform", platform=platform)


async def published(scene: Scene, platform: str = "x") -> list[dict[str, Any]]:
    """What the simulators have, by their own record."""
    row = await account(scene, platform)
    made = simulated_account(platform, row["username"], str(scene.settings.simulator_url))  # type: ignore[arg-type] # a name
    wanted = {"platform": platform, "account": made.username}
    async with httpx.AsyncClient(verify=False) as http:
        answer = await http.get(f"{scene.settings.simulator_url}/_control/posts", params=wanted)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def fault(scene: Scene, kind: str, platform: str = "x", **fields: Any) -> None:
    row = await account(scene, platform)
    body = {"platform": platform, "account": row["username"], "kind": kind, **fields}
    async with httpx.AsyncClient(verify=False) as http:
        answer = await http.post(f"{scene.settings.simulator_url}/_control/faults", json=body)
    assert answer.status_code == 201, answer.text


async def long_ago(scene: Scene, thread_id: UUID, seconds: float) -> None:
    """The job was touched, and its call timed out, `seconds` before now."""
    ago = {"id": thread_id, "seconds": seconds}
    await scene.execute(
        "UPDATE publishing_jobs SET deadline = now() - make_interval(secs => :seconds) WHERE thread_id = :id",
        **ago,
    )
    await due(scene, thread_id)


async def due(scene: Scene, thread_id: UUID) -> None:
    await scene.execute(
        "UPDATE platform_states SET due_at = now(), lease_until = NULL WHERE id = :id", id=thread_id
    )
