"""Claim what is due, advance it, renew the leases while it runs, give it back when the process is told to stop."""

import asyncio
import os
import socket
import time
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


class Loop:
    """One process's claims. `wake` from outside when something became due."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
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
            if self._held:
                await asyncio.wait([task for _, task in self._held.values()])
        finally:
            renewing.cancel()

    def drain(self) -> None:
        """Claim nothing more; running graphs stop at their next step."""
        self._runtime.draining = True
        self._woken.set()

    async def _claim_and_wait(self) -> None:
        settings = self._runtime.settings
        free = settings.worker_concurrency - len(self._held)
        self._woken.clear()
        pause = settings.poll_seconds
        if free > 0:
            async with self._runtime.db.service() as session:
                taken = await claims.claim(
                    session, worker=self._name, limit=free, lease_seconds=settings.lease_seconds
                )
                if not taken:
                    next_due = await claims.seconds_to_next(session)
                    pause = pause if next_due is None else min(pause, max(next_due, LEAST_PAUSE_SECONDS))
            for claim in taken:
                task = asyncio.create_task(self._advance(claim))
                self._held[claim.thread_id] = claim, task
            if len(taken) == free:
                pause = settings.poll_seconds
            elif taken:
                pause = 0
        if pause > 0:
            try:
                await asyncio.wait_for(self._woken.wait(), pause)
            except TimeoutError:
                return

    async def _advance(self, claim: Claim) -> None:
        structlog.contextvars.bind_contextvars(
            workflow_id=str(claim.workflow_id), thread_id=str(claim.thread_id), platform=claim.platform
        )
        started = time.monotonic()
        try:
            await threads.advance(claim, self._runtime)
            log.info("thread.advanced", ms=round((time.monotonic() - started) * 1000, 1))
        except SQLAlchemyError as error:
            # The lease runs out and the thread is taken up again from its last commit.
            log.warning("thread.database_away", reason=str(error).splitlines()[0])
        finally:
            if self._held.get(claim.thread_id, (None,))[0] is claim:
                del self._held[claim.thread_id]
            self._woken.set()

    async def _renew(self) -> None:
        lease = self._runtime.settings.lease_seconds
        while True:
            await asyncio.sleep(lease / RENEWALS_PER_LEASE)
            held = [claim for claim, _ in self._held.values()]
            if not held:
                continue
            try:
                async with self._runtime.db.service() as session:
                    ours = await claims.renew(session, held, lease_seconds=lease)
            except SQLAlchemyError as error:
                log.warning("worker.database_away", reason=str(error).splitlines()[0])
                continue
            for claim in held:
                entry = self._held.get(claim.thread_id)
                if claim.thread_id not in ours and entry is not None and entry[0] is claim:
                    log.warning("thread.claim_lost", thread_id=str(claim.thread_id))
                    entry[1].cancel()
