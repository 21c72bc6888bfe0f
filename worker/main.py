"""One worker process: claims, leases, the queue, and what it hears from the database."""

import asyncio
import signal

import structlog

from agents.base import Critic, Writer
from agents.choose import agents_for
from core.crypto import Keyring
from core.db import Database, libpq_url
from core.http import publishing_client
from core.listen import listen
from core.settings import Settings
from core.sql import Connection
from services.events import DUE_CHANNEL
from services.runtime import Runtime
from worker import feeds, queue
from worker.deltas import Deltas
from worker.loop import Loop
from worker.webhooks import Webhooks

log = structlog.get_logger(__name__)


async def run(
    settings: Settings, stop: asyncio.Event | None = None, *, agents: tuple[Writer, Critic] | None = None
) -> None:
    """Work until SIGTERM or SIGINT, or until `stop` is set; then give back what is held and return.

    `agents` replace those that the settings name.
    """
    stop = stop or _stop_on_signal()
    db = Database(settings)
    deltas = Deltas(db)
    writer, critic = agents or agents_for(settings)
    async with publishing_client(settings, settings.publish_deadline_seconds) as http:
        runtime = Runtime(
            settings=settings,
            db=db,
            keyring=Keyring.from_settings(settings),
            writer=writer,
            critic=critic,
            http=http,
            on_delta=deltas.add,
        )
        loop = Loop(runtime)
        background = _background(runtime, deltas, loop)
        working = asyncio.create_task(loop.run())
        log.info("worker.started", model=settings.writer_model if settings.model_backed else "offline")
        try:
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait([stopped, working, *background], return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            for task in (working, *background):
                if task.done():
                    task.result()
            loop.drain()
            await working
        finally:
            for task in (working, *background):
                task.cancel()
            await asyncio.gather(working, *background, return_exceptions=True)
            await db.dispose()
    log.info("worker.stopped")


def _background(runtime: Runtime, deltas: Deltas, loop: Loop) -> list[asyncio.Task[None]]:
    """What goes on beside the claims, until it is cancelled."""

    async def after_connecting(_: Connection) -> None:
        loop.wake()  # what was notified meanwhile is lost

    listening = listen(libpq_url(runtime.settings), [DUE_CHANNEL], lambda *_: loop.wake(), after_connecting)
    others = deltas.run(), queue.run(runtime), feeds.run(runtime), Webhooks(runtime).run()
    return [asyncio.create_task(each) for each in (listening, *others)]


def _stop_on_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
