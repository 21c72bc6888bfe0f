"""A workspace with one of everything in it, and work in every state, all made by its own services."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from core.settings import Settings
from tests.plugins.api import Api, User
from tests.plugins.scene import Scene, Words

if TYPE_CHECKING:
    from services.runtime import Runtime

NEXT_YEAR = datetime.now(UTC).replace(microsecond=0) + timedelta(days=365)

_THINGS = {
    "account_id": "connected_accounts",
    "campaign_id": "campaigns",
    "clip_id": "clips",
    "delivery_id": "webhook_deliveries",
    "entry_id": "feed_entries",
    "feed_id": "feeds",
    "file_id": "files",
    "invitation_id": "invitations",
    "job_id": "publishing_jobs",
    "key_id": "api_keys",
    "list_id": "mailing_lists",
    "output_id": "platform_states",
    "post_id": "posts",
    "project_id": "projects",
    "resource_id": "resources",
    "review_id": "reviews",
    "subscriber_id": "subscribers",
    "template_id": "templates",
    "rule_id": "style_rules",
    "thread_id": "threads",
    "webhook_id": "webhooks",
    "workflow_id": "workflows",
}
_QUERIES = {name: f"SELECT id FROM {table} WHERE workspace_id = :id" for name, table in _THINGS.items()} | {
    "user_id": "SELECT user_id AS id FROM workspace_members WHERE workspace_id = :id",
    "session_id": "SELECT s.id FROM user_sessions s JOIN workspace_members m USING (user_id) WHERE workspace_id = :id",
    "workspace_id": "SELECT workspace_id AS id FROM workspace_members JOIN workspaces w ON w.id = workspace_id"
    " WHERE user_id IN (SELECT user_id FROM workspace_members WHERE workspace_id = :id AND role = 'owner')",
}


@dataclass
class Tenant:
    owner: User
    scene: Scene

    async def ids(self) -> dict[str, list[UUID]]:
        """What exists, by the name that calls have for it."""
        return {
            name: [
                row["id"] for row in await self.scene.rows(f"{query} ORDER BY 1", id=self.owner.workspace_id)
            ]
            for name, query in _QUERIES.items()
        }

    async def pending(self) -> list[dict[str, Any]]:
        return await self.scene.rows(
            "SELECT * FROM reviews WHERE status = 'pending' AND workspace_id = :id ORDER BY id",
            id=self.owner.workspace_id,
        )

    async def job(self, status: str) -> dict[str, Any]:
        return await self.scene.row(
            "SELECT * FROM publishing_jobs WHERE status = :status AND workspace_id = :id LIMIT 1",
            status=status,
            id=self.owner.workspace_id,
        )

    async def everything(self) -> dict[str, list[str]]:
        """Every row that belongs to the workspace or to its people, in every table: to see that none has changed."""
        from models.security import tables

        people = "(SELECT user_id FROM workspace_members WHERE workspace_id = :id)"
        own = {"workspaces": "id = :id", "users": f"id IN {people}"}
        wanted = {
            table.name: own.get(
                table.name,
                "workspace_id = :id" if "workspace_id" in table.columns else f"user_id IN {people}",
            )
            for table in tables()
        }
        mine = "thread_id IN (SELECT id::text FROM threads WHERE workspace_id = :id)"
        wanted |= dict.fromkeys(("checkpoints", "checkpoint_blobs", "checkpoint_writes"), mine)
        return {
            name: [
                row["found"]
                for row in await self.scene.rows(
                    f"SELECT t::text AS found FROM {name} t WHERE {where} ORDER BY 1",
                    id=self.owner.workspace_id,
                )
            ]
            for name, where in wanted.items()
        }


@pytest.fixture
async def tenant(api: Api, runtime: "Runtime") -> Tenant:
    return await _settle(api, runtime, "ada-lovelace")


@pytest.fixture
async def neighbour(api: Api, runtime: "Runtime") -> Tenant:
    """The same once more, in another workspace and of another person."""
    return await _settle(api, runtime, "bob-kahn")


@pytest.fixture
async def runtime(settings: Settings, api: Api) -> "AsyncIterator[Runtime]":
    """With `Words`. Publishes with `settings.simulator_url`, which must be there: without it nobody has an account."""
    from core.http import publishing_client
    from services.runtime import Runtime

    words = Words()
    async with publishing_client(settings, settings.publish_deadline_seconds) as http:
        yield Runtime(
            settings=settings,
            db=api.app.state.db,
            keyring=api.app.state.keyring,
            writer=words,
            critic=words,
            http=http,
            on_delta=lambda *_: None,
        )


def scene_of(owner: User, runtime: "Runtime") -> Scene:
    """The threads of somebody's own workspace."""
    from core.principal import Principal, Role

    principal = Principal(owner.user_id, owner.username, owner.workspace_id, Role.OWNER)
    assert isinstance(runtime.writer, Words)
    return Scene(runtime.settings, runtime.db, principal, runtime, runtime.writer)


async def _settle(api: Api, runtime: "Runtime", name: str) -> Tenant:
    owner = await api.user(name)
    scene = scene_of(owner, runtime)
    await _furnish(owner)
    await api.member(owner, "editor")
    await scene.execute(
        "INSERT INTO campaigns (workspace_id, name) VALUES (:id, 'Spring')", id=owner.workspace_id
    )
    await _listen(scene, owner)
    await _follow(scene, owner)
    await _work(scene, owner)
    return Tenant(owner, scene)


async def _furnish(owner: User) -> None:
    """Everything but workflows."""
    project = {"title": "Spring launch", "description": "All of May"}
    template = {"name": "Our how-to", "type": "linkedin", "prompt": "Write about {topic}."}
    sample = {"type": "style_sample", "content": "We ship on Fridays.", "metadata": {"title": "Voice"}}
    for path, body in [
        ("/v1/projects", project),
        ("/v1/templates", template),
        ("/v1/style-rules", {"rule": "Say our name."}),
        ("/v1/resources", sample),
        ("/v1/resources", {"type": "reference", "content": "Tea is older than coffee."}),
        ("/v1/workspaces", {"name": "A second one"}),
        ("/v1/invitations", {"email": "grace@example.com", "role": "reviewer"}),
        ("/v1/api-keys", {"name": "bot", "scopes": ["read"]}),
    ]:
        _done(await owner.post(path, json=body))
    [made] = (await owner.get("/v1/projects")).json()["items"]
    _done(await owner.post(f"/v1/projects/{made['id']}/files", files={"file": ("tea.md", b"# Tea")}))
    listed = await owner.post("/v1/lists", json={"name": "Readers"})
    _done(listed)
    added = await owner.post(
        f"/v1/lists/{listed.json()['id']}/subscribers", json={"email": "mary@example.com"}
    )
    _done(added)
    hook = await owner.post("/v1/webhooks", json={"url": "https://93.184.215.14/hook"})
    _done(hook)
    _done(await owner.post(f"/v1/webhooks/{hook.json()['id']}/test"))
    _done(await owner.post("/v1/budgets", json={"period": "month", "limit_usd": "25.00"}))
    _done(await owner.put("/v1/profile", json={"name": "Ada", "tone_of_voice": "dry"}))


async def _follow(scene: Scene, owner: User) -> None:
    """A feed whose site is not to be reached, and an entry of it that nobody has started."""
    await scene.execute(
        "WITH feed AS (INSERT INTO feeds (workspace_id, user_id, url, rule)"
        " VALUES (:id, :user_id, 'http://127.0.0.2:1/feed.xml', '{\"platforms\": [\"x\"]}') RETURNING id)"
        " INSERT INTO feed_entries (workspace_id, feed_id, guid, guid_hash, title, text, status)"
        " SELECT :id, id, 'tea', sha256('tea'), 'Tea', 'It is older than coffee.', 'seen' FROM feed",
        id=owner.workspace_id,
        user_id=owner.user_id,
    )


async def _listen(scene: Scene, owner: User) -> None:
    """The file as a recording that was transcribed, and a clip of all of it."""
    await scene.execute(
        "INSERT INTO transcriptions (file_id, workspace_id, model, seconds, text, segments, completed_at)"
        ' SELECT id, workspace_id, \'whisper-1\', 2, \'Tea.\', \'[{"start": 0, "end": 2, "text": "Tea."}]\', now()'
        " FROM files WHERE workspace_id = :id",
        id=owner.workspace_id,
    )
    await scene.execute(
        'INSERT INTO clips (workspace_id, file_id, quote, start, "end", status, path, mime_type)'
        " SELECT workspace_id, id, 'Tea.', 0, 2, 'cut', path, mime_type FROM files WHERE workspace_id = :id",
        id=owner.workspace_id,
    )


async def _work(scene: Scene, owner: User) -> None:
    """Threads that are published, scheduled, held, rejected, cancelled, failed, unknown, redrafted and waiting."""
    from graphs.interrupts import Decision

    x, linkedin, _ = await scene.start("x", "linkedin", "blog")
    later, moved, redrafted = await scene.start("x", "linkedin", "blog")
    rejected, held, unknown = await scene.start("x", "linkedin", "blog")
    (cancelled,) = await scene.start("x")
    (failed,) = await scene.start("x")
    await scene.advance()
    await scene.accept(x)
    await scene.accept(linkedin)
    for thread_id in (later, moved, held, unknown):
        await scene.accept(thread_id, schedule_for=NEXT_YEAR)
    await scene.decide(redrafted, Decision(decision="regenerate", feedback="Shorter."))
    await scene.decide(rejected, Decision(decision="reject", feedback="No."))
    workflow_id = (await scene.state(cancelled))["workflow_id"]
    _done(await owner.post(f"/v1/workflows/{workflow_id}/cancel"))
    while await scene.advance():
        pass
    # What only accidents bring about is written down as it would be found after them.
    for thread_id, status in ((held, "held"), (unknown, "unknown")):
        await scene.execute(
            "UPDATE publishing_jobs SET status = :status WHERE thread_id = :id", status=status, id=thread_id
        )
    await scene.execute(
        "UPDATE publishing_jobs SET connected_account_id = NULL WHERE thread_id = :id", id=held
    )
    await scene.execute(
        "UPDATE platform_states SET status = 'failed', error = 'It broke.' WHERE id = :id", id=failed
    )


def _done(answer: httpx.Response) -> None:
    assert answer.is_success, answer.text
