"""Proofroom's services and one worker in this process: every row, event, audit and row security, a simulated X."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle as cycle_of
from uuid import UUID

from sqlalchemy import event, text
from uuid_utils.compat import uuid7

from agents.base import Source
from bench.null import NullAgents
from core.crypto import Keyring
from core.db import Database, libpq_url
from core.http import publishing_client
from core.listen import listen
from core.principal import Principal, Role
from core.settings import Settings
from graphs.interrupts import Decision
from platforms.registry import PlatformName
from services import accounts, reviews, workflows
from services.events import DUE_CHANNEL, EVENT_CHANNEL
from services.runtime import Runtime
from worker.loop import Loop

ACCOUNTS = 20
"""X takes 100 posts in 15 minutes from each, and the quota is kept here as anywhere."""


@dataclass
class Counted:
    statements: int = 0
    commits: int = 0


@dataclass
class Ours:
    db: Database
    principal: Principal
    accounts: Iterator[UUID]
    counted: Counted = field(default_factory=Counted)
    changed: dict[str, asyncio.Event] = field(default_factory=dict)

    async def cycle(self) -> None:
        """Start, see the review, accept it, see the post."""
        workspace, user = self.principal.workspace_id, self.principal.user_id
        brief = workflows.StartWorkflow(platforms=[PlatformName.X], source=Source(text="We have shipped."))
        async with self.db.tenant(workspace, user) as session:
            workflow = await workflows.start(session, self.principal, brief)
        async with self._after(workflow.id, "awaiting_review"), self.db.tenant(workspace, user) as session:
            found = await session.execute(
                text(
                    "SELECT r.id, r.seen_hash FROM reviews r JOIN platform_states p ON p.id = r.thread_id "
                    "WHERE p.workflow_id = :id AND r.status = 'pending'"
                ),
                {"id": workflow.id},
            )
            review = found.one()
            decision = Decision(decision="accept", account_id=next(self.accounts))
            await reviews.decide(session, self.principal, review.id, decision, review.seen_hash)
        async with self._after(workflow.id, "completed"):
            pass

    @asynccontextmanager
    async def _after(self, workflow_id: UUID, status: str) -> AsyncIterator[None]:
        """As a caller of the event stream learns of it; looking costs a statement, and is not counted as ours."""
        while True:
            changed = self.changed.setdefault(str(workflow_id), asyncio.Event())
            changed.clear()
            async with self.db.tenant(self.principal.workspace_id) as session:
                row = await session.execute(
                    text("SELECT status FROM workflows WHERE id = :id"), {"id": workflow_id}
                )
                if row.scalar_one() == status:
                    break
            await asyncio.wait_for(changed.wait(), 30)
        yield


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Ours]:
    db = Database(settings)
    user_id, workspace_id = uuid7(), uuid7()
    async with db.anonymous() as session:
        await session.execute(
            text("SELECT register_user(:u, 'bench', :e, :e, NULL, NULL, 'Bench', :w, 'Bench', 'bench')"),
            {"u": user_id, "w": workspace_id, "e": user_id.bytes},
        )
    keyring = Keyring.from_settings(settings)
    async with db.tenant(workspace_id, user_id) as session:
        for number in range(ACCOUNTS):
            await accounts.give_simulated(
                session, settings, keyring, workspace_id, user_id, f"bench-{number}"
            )
        found = await session.execute(text("SELECT id FROM connected_accounts WHERE platform = 'x'"))
        ids = list(found.scalars())
    ours = Ours(db, Principal(user_id, "bench", workspace_id, Role.OWNER), cycle_of(ids))
    _count(db, ours.counted)
    agents = NullAgents()
    async with publishing_client(settings, settings.publish_deadline_seconds) as http:
        runtime = Runtime(settings, db, keyring, agents, agents, http, lambda *_: None)
        loop = Loop(runtime)

        def heard(channel: str, payload: str) -> None:
            if channel == DUE_CHANNEL:
                loop.wake()
            elif payload in ours.changed:
                ours.changed[payload].set()

        listening = asyncio.create_task(listen(libpq_url(settings), [DUE_CHANNEL, EVENT_CHANNEL], heard))
        working = asyncio.create_task(loop.run())
        yield ours
        loop.drain()
        await working
        listening.cancel()
    await db.dispose()


def _count(db: Database, counted: Counted) -> None:
    def statement(*_: object) -> None:
        counted.statements += 1

    def commit(*_: object) -> None:
        counted.commits += 1

    event.listen(db.engine.sync_engine, "before_cursor_execute", statement)
    event.listen(db.engine.sync_engine, "commit", commit)
