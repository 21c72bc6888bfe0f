"""Claim what is due, advance it, renew the leases while it runs, give it back when the process is told to stop."""

import asyncio
import os
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from services import claims, threads
from services.claims import Claim
from services.runtime import Runtime

log = structlog.get_logger(__name__)

RENEWALS_PER_LEASE: Final = 3
DATABASE_AWAY_SECONDS: Final = 1.0
LEAST_PAUSE_SECONDS: Final = 0.02
DRAIN_SECONDS: Final = 12.0
"""For running graphs to come to their next step, when the process is told to end; whoever told it waits for 15."""


class Loop:
    """One process's claims. `wake` from outside when something became due."""

    def __init__(self, runtime: Runtime, *, drain_seconds: float = DRAIN_SECONDS) -> None:
        self._runtime = runtime
        self._drain_seconds = drain_seconds
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._held: dict[UUID, tuple[Claim, asyncio.Task[None]]] = {}
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Until `drain`; returns when the last claim has been given back."""
        renewing = asyncio.create_task(self._renew())
        try:
            while not self._runtime.draining:
                try:
                    await self._claim_and_wait()
                except SQLAlchemyError as error:
                    log.warning("worker.database_away", reason=str(error).splitlines()[0])
                    await asyncio.sleep(DATABASE_AWAY_SECONDS)
            await self._finish()
        finally:
            renewing.cancel()

    def drain(self) -> None:
        """Claim nothing more; running graphs stop at their next step."""
        self._runtime.draining = True
        self._woken.set()

    async def _finish(self) -> None:
        """A step that takes longer, such as a slow model's, is cut off and begun anew by whoever takes the thread up."""
        running = dict(self._held)
        if not running:
            return
        _, late = await asyncio.wait([task for _, task in running.values()], timeout=self._drain_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        if cut := [claim for claim, task in running.values() if task in late]:
            await self._give_back(cut, due_in=0)

    async def _give_back(self, held: Sequence[Claim], *, due_in: float) -> None:
        """Where the database is not there for it, the leases run out."""
        try:
            async with self._runtime.db.autocommit() as connection:
                await claims.give_back(connection, held, due_in=due_in)
        except SQLAlchemyError as error:
            log.warning("worker.database_away", reason=str(error).splitlines()[0])

    async def _claim_and_wait(self) -> None:
        """Whatever becomes due is notified, and a thread given back when all places were taken wakes the loop itself."""
        settings = self._runtime.settings
        free = settings.worker_concurrency - len(self._held)
        self._woken.clear()
        pause = settings.poll_seconds
        if free > 0:
            async with self._runtime.db.autocommit() as connection:
                taken, next_due = await claims.claim(
                    connection, worker=self._name, limit=free, lease_seconds=settings.lease_seconds
                )
            for claim in taken:
                # Interrupted, cancelled or changed: what the claim before brings is too late.
                if claim.thread_id in self._held:
                    self._held[claim.thread_id][1].cancel()
                task = asyncio.create_task(self._advance(claim))
                self._held[claim.thread_id] = claim, task
            if next_due is not None:
                pause = min(pause, max(next_due, LEAST_PAUSE_SECONDS))
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._woken.wait()

    async def _advance(self, claim: Claim) -> None:
        structlog.contextvars.bind_contextvars(
            workflow_id=str(claim.workflow_id), thread_id=str(claim.thread_id), platform=claim.platform
        )
        started = time.monotonic()
        try:
            await threads.advance(claim, self._runtime)
            log.info("thread.advanced", ms=round((time.monotonic() - started) * 1000, 1))
        except SQLAlchemyError as error:
            log.warning("thread.database_away", reason=str(error).splitlines()[0])
            await self._give_back([claim], due_in=DATABASE_AWAY_SECONDS)
        finally:
            if len(self._held) >= self._runtime.settings.worker_concurrency:
                self._woken.set()
            if self._held.get(claim.thread_id, (None,))[0] is claim:
                del self._held[claim.thread_id]

    async def _renew(self) -> None:
        lease = self._runtime.settings.lease_seconds
        while True:
            await asyncio.sleep(lease / RENEWALS_PER_LEASE)
            held = [claim for claim, _ in self._held.values()]
            if not held:
                continue
            try:
                async with self._runtime.db.autocommit() as connection:
                    ours = await claims.renew(connection, held, lease_seconds=lease)
            except SQLAlchemyError as error:
                log.warning("worker.database_away", reason=str(error).splitlines()[0])
                continue
            for claim in held:
                entry = self._held.get(claim.thread_id)
                if claim.thread_id not in ours and entry is not None and entry[0] is claim:
                    log.warning("thread.claim_lost", thread_id=str(claim.thread_id))
                    entry[1].cancel()
