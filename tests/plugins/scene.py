"""A workspace whose threads a test advances by hand: claim, run, decide, publish, with nothing running behind it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from agents.base import (
    CRITERIA,
    OFFLINE,
    Finding,
    Judgement,
    JudgeRequest,
    Meter,
    ModelCall,
    Prompt,
    Remark,
    Source,
    Usage,
    Writer,
    WriteRequest,
    Written,
)
from agents.provenance import trace
from core.content import Content
from core.settings import Settings

if TYPE_CHECKING:
    from core.db import Database
    from core.principal import Principal
    from graphs.interrupts import Decision
    from services.claims import Claim
    from services.library.kept_sources import Kept
    from services.runtime import Runtime

HASH = "ab" * 32


@dataclass
class Words:
    """A writer and a critic in one: writes `texts` in their order, scores 90, and can be slow, dear or failing."""

    texts: Iterator[str | Exception] = field(default_factory=lambda: iter(()))
    model: str = OFFLINE
    max_cost: Decimal | None = Decimal(0)
    cost: Decimal = Decimal(0)
    write_seconds: float = 0.0
    judging: asyncio.Event | None = None
    """When set, the critic waits for it."""
    written: int = 0
    claims: tuple[Remark, ...] = ()
    """What the critic finds that nothing in the source says."""

    async def write(self, request: WriteRequest, meter: Meter) -> Written:
        given = next(
            self.texts, f"Draft {request.sequence} says: {request.brief.source.text} {request.feedback or ''}"
        )
        call = ModelCall(uuid7(), "writer", self.model, HASH, self.max_cost)
        await meter.before(call)
        await asyncio.sleep(self.write_seconds)
        if isinstance(given, Exception):
            await meter.after(call, Usage(10, 20, self.cost, 5, "failed"))
            raise given
        await meter.after(call, Usage(10, 20, self.cost, 5, "completed"))
        self.written += 1
        title = {"title": "What was said"} if request.policy.title_required else {}
        return Written(
            Content(content=given, metadata={**title}),
            Prompt(self.model, "Write", HASH),
            trace(given, request.brief.source),
        )

    async def judge(self, request: JudgeRequest, meter: Meter) -> Judgement:
        if self.judging is not None:
            await self.judging.wait()
        call = ModelCall(uuid7(), "critic", self.model, HASH, self.max_cost)
        await meter.before(call)
        await meter.after(call, Usage(10, 5, self.cost, 5, "completed"))
        findings = {name: Finding(score=90, quote="", instruction="Keep it.") for name in CRITERIA}
        return Judgement(findings, "Good.", Prompt(self.model, "Judge", HASH), self.claims)


@dataclass
class Overheard:
    """Writes as another does, and keeps what it was asked for."""

    writer: Writer
    requests: list[WriteRequest] = field(default_factory=list)

    async def write(self, request: WriteRequest, meter: Meter) -> Written:
        self.requests.append(request)
        return await self.writer.write(request, meter)


@dataclass
class Scene:
    settings: Settings
    db: "Database"
    principal: "Principal"
    runtime: "Runtime"
    words: Words

    async def start(
        self,
        *platforms: str,
        text: str = "We have shipped.",
        source: "Source | Kept | None" = None,
        **brief: Any,
    ) -> list[UUID]:
        """A workflow's threads, in the order of `platforms` (x alone when none is named)."""
        from platforms.registry import PlatformName
        from services import briefs, workflows

        names = [PlatformName(name) for name in platforms or ("x",)]
        order = briefs.StartWorkflow(platforms=names, source=source or Source(text=text), **brief)
        async with self.tenant() as session:
            workflow = await workflows.start(session, self.principal, order)
        rows = await self.rows(
            "SELECT id, platform FROM platform_states WHERE workflow_id = :id", id=workflow.id
        )
        ids = {row["platform"]: row["id"] for row in rows}
        return [ids[name] for name in names]

    def tenant(self) -> Any:
        return self.db.tenant(self.principal.workspace_id, self.principal.user_id)

    async def claim(self, limit: int = 10, worker: str = "test") -> "list[Claim]":
        from services import claims

        async with self.db.autocommit() as connection:
            claimed, _ = await claims.claim(
                connection, worker=worker, limit=limit, lease_seconds=self.settings.lease_seconds
            )
        return claimed

    async def advance(self) -> int:
        """One round of a worker: everything that is due, one after the other. How many threads there were."""
        from services import threads

        claimed = await self.claim()
        for claim in claimed:
            await threads.advance(claim, self.runtime)
        return len(claimed)

    async def review(self, thread_id: UUID) -> dict[str, Any]:
        """The pending one."""
        return await self.row(
            "SELECT * FROM reviews WHERE thread_id = :id AND status = 'pending'", id=thread_id
        )

    async def decide(self, thread_id: UUID, decision: "Decision", seen_hash: str | None = None) -> None:
        from services.reviewing import reviews

        review = await self.review(thread_id)
        async with self.tenant() as session:
            await reviews.decide(
                session, self.principal, review["id"], decision, seen_hash or review["seen_hash"]
            )

    async def accept(self, thread_id: UUID, **fields: Any) -> None:
        from graphs.interrupts import Decision

        await self.decide(thread_id, Decision(decision="accept", **fields))

    async def state(self, thread_id: UUID) -> dict[str, Any]:
        return await self.row("SELECT * FROM platform_states WHERE id = :id", id=thread_id)

    async def job(self, thread_id: UUID) -> dict[str, Any]:
        return await self.row(
            "SELECT * FROM publishing_jobs WHERE thread_id = :id ORDER BY created_at DESC LIMIT 1",
            id=thread_id,
        )

    async def row(self, sql: str, **parameters: Any) -> dict[str, Any]:
        (row,) = await self.rows(sql, **parameters)
        return row

    async def rows(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        async with self.db.service() as session:
            result = await session.execute(text(sql), parameters)
            return [dict(row) for row in result.mappings()]

    async def execute(self, sql: str, **parameters: Any) -> None:
        """As the service: to make time pass, or to break something."""
        async with self.db.service() as session:
            await session.execute(text(sql), parameters)


@pytest.fixture
async def scene(settings: Settings, db: "Database", simulator_url: str) -> AsyncIterator[Scene]:
    """A user with simulated accounts on every platform."""
    from core.crypto import Keyring
    from core.http import publishing_client
    from core.principal import Principal, Role
    from services.delivery import accounts
    from services.runtime import Runtime

    settings = settings.model_copy(update={"simulator_url": simulator_url})
    user_id, workspace_id = uuid7(), uuid7()
    keyring = Keyring.from_settings(settings)
    async with db.anonymous() as session:
        await session.execute(
            text(
                "SELECT register_user(:user_id, 'ada', :bytes, :bytes, NULL, NULL, 'Ada', :workspace_id, 'Ada', 'ada')"
            ),
            {"user_id": user_id, "workspace_id": workspace_id, "bytes": user_id.bytes},
        )
    principal = Principal(user_id, "ada", workspace_id, Role.OWNER)
    async with db.tenant(workspace_id, user_id) as session:
        await accounts.give_simulated(session, settings, keyring, workspace_id, user_id, "ada")
    words = Words()
    async with publishing_client(settings, settings.publish_deadline_seconds) as http:
        runtime = Runtime(
            settings=settings,
            db=db,
            keyring=keyring,
            writer=words,
            critic=words,
            http=http,
            on_delta=lambda *_: None,
        )
        yield Scene(settings, db, principal, runtime, words)
