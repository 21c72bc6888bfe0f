"""Sends what webhooks are to be told, in every worker beside its threads."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.crypto import Undecryptable
from core.db import libpq_url
from core.http import guarded_client
from core.listen import listen
from services import webhook_claims
from services.events import EVENT_CHANNEL
from services.runtime import Runtime
from services.webhook_claims import Claimed
from services.webhook_sending import SECONDS, Answered, deliver_once, message, signed

log = structlog.get_logger(__name__)

CONCURRENCY: Final = 100
"""In this process, of all webhooks together."""
SOON_SECONDS: Final = 0.05
"""Until it looks again for an event that was announced, and is behind a transaction that still runs."""
FINISH_SECONDS: Final = 2.0
"""For what is being sent when the process is told to end."""


class Webhooks:
    """Where nobody has a webhook, all it does is to ask for one every `poll_seconds`."""

    def __init__(self, runtime: Runtime, *, finish_seconds: float = FINISH_SECONDS) -> None:
        self._finish_seconds = finish_seconds
        self._runtime = runtime
        self._http = guarded_client(runtime.settings, SECONDS)
        self._workspaces: set[UUID] = set()
        """In which there are some."""
        self._announced: dict[UUID, int] = {}
        """Workspace: the latest transaction that wrote an event there, and has not been read."""
        self._under_way: dict[asyncio.Task[None], Claimed] = {}
        self._listening: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled. The database may go away and come back."""
        polled = -self._runtime.settings.poll_seconds
        clock, pause = asyncio.get_running_loop().time, SOON_SECONDS
        try:
            while True:
                self._news.clear()
                polls = clock() - polled >= self._runtime.settings.poll_seconds
                try:
                    if polls:
                        polled = clock()
                        await self._find_workspaces()
                    if self._workspaces:
                        await self._advance(self._workspaces if polls else set(self._announced))
                        await self._claim()
                except SQLAlchemyError as error:
                    log.warning("webhooks.database_away", reason=str(error).splitlines()[0])
                    self._announced.clear()
                pause = min(pause * 2, self._runtime.settings.poll_seconds)
                left = max(0.0, polled + self._runtime.settings.poll_seconds - clock())
                # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the news.
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, pause) if self._announced else left):
                        await self._news.wait()
                        pause = SOON_SECONDS
        finally:
            await self._finish()

    def _note(self, _channel: str, payload: str) -> None:
        workspace, _, transaction = payload.split(" ", 3)[:3]
        workspace_id = UUID(workspace)
        if workspace_id in self._workspaces:
            self._announced[workspace_id] = max(int(transaction), self._announced.get(workspace_id, 0))
            self._news.set()

    async def _find_workspaces(self) -> None:
        async with self._runtime.db.autocommit() as connection:
            self._workspaces = await webhook_claims.workspaces(connection)
        if self._workspaces and (self._listening is None or self._listening.done()):
            self._listening = asyncio.create_task(
                listen(libpq_url(self._runtime.settings), [EVENT_CHANNEL], self._note)
            )
        elif not self._workspaces and self._listening is not None:
            self._listening.cancel()
            self._listening = None

    async def _advance(self, wanted: set[UUID]) -> None:
        if not wanted:
            return
        more = True
        while more:
            async with self._runtime.db.autocommit() as connection:
                advanced = await webhook_claims.advance(connection, wanted)
            more = advanced.more
        self._announced = {
            workspace: transaction
            for workspace, transaction in self._announced.items()
            if transaction >= advanced.oldest
        }

    async def _claim(self) -> None:
        free = CONCURRENCY - len(self._under_way)
        if free == 0:
            return
        async with self._runtime.db.autocommit() as connection:
            claimed = await webhook_claims.claim(connection, free)
        for each in claimed:
            task = asyncio.create_task(self._send(each))
            self._under_way[task] = each
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        """What waited for it may be due now."""
        del self._under_way[task]
        self._news.set()

    async def _send(self, claimed: Claimed) -> None:
        answered = await self._deliver(claimed)
        try:
            async with self._runtime.db.autocommit() as connection:
                recorded = await webhook_claims.record(connection, claimed, answered)
        except SQLAlchemyError as error:
            # The lease runs out, and it is sent once more.
            log.warning("webhooks.database_away", reason=str(error).splitlines()[0])
            return
        log.info(
            "webhook.sent",
            webhook_id=str(claimed.webhook_id),
            delivery_id=str(claimed.id),
            status=answered.status,
            ms=answered.duration_ms,
            outcome=recorded and recorded.status,
        )
        if recorded and recorded.disabled:
            log.warning("webhook.disabled", webhook_id=str(claimed.webhook_id))

    async def _deliver(self, claimed: Claimed) -> Answered:
        body = message(claimed.type, claimed.occurred_at, claimed.payload)
        try:
            secrets = claimed.secrets(self._runtime.keyring)
        except Undecryptable as error:
            log.exception("webhook.undecryptable", webhook_id=str(claimed.webhook_id))
            return Answered(datetime.now(UTC), 0, None, str(error), "")
        headers = signed(str(claimed.id), body, secrets)
        return await deliver_once(self._http, claimed.url, body, headers)

    async def _finish(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._finish_seconds)
        cut = dict(self._under_way)
        for task in cut:
            task.cancel()
        await asyncio.gather(*cut, return_exceptions=True)
        try:
            if cut:
                async with self._runtime.db.autocommit() as connection:
                    await webhook_claims.give_back(connection, cut.values())
        except SQLAlchemyError as error:
            log.warning("webhooks.database_away", reason=str(error).splitlines()[0])
        await self._http.aclose()
