"""Many authors at once over HTTP, and a person who looks after what was held, has failed or is unknown."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

import aiohttp

from bench.chaos.author import Author
from bench.chaos.client import Client, NoAnswer
from bench.chaos.journal import Journal, Surprise
from bench.service import Owner

PERSON_SECONDS = 1.5
GIVES_UP_SECONDS = 30.0
"""For one request; longer than any restart takes."""


@dataclass
class Driver:
    """Runs on a thread of its own; `enough` lets it start nothing more."""

    base_urls: Sequence[str]
    owner: Owner
    simulator_url: str
    journal: Journal
    seed: int
    callers: int
    retried: int = 0
    started: int = 0
    finished: int = 0
    """Workflows whose threads have all ended."""
    _enough: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _failure: Exception | None = None

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name="driver", daemon=True)

    @contextmanager
    def driving(self) -> Iterator[None]:
        """Raises in the end what the callers raised."""
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()
        if self._failure is not None:
            raise self._failure

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def enough(self) -> None:
        self._enough.set()

    def _run(self) -> None:
        try:
            asyncio.run(self._drive())
        except Exception as error:
            self._failure = error

    async def _drive(self) -> None:
        headers = {"Authorization": f"Bearer {self.owner.api_key}"}
        patience = aiohttp.ClientTimeout(total=GIVES_UP_SECONDS)
        async with aiohttp.ClientSession(headers=headers, timeout=patience) as http:
            client = Client(http, self.base_urls, self.journal, Random(self.seed))
            working = asyncio.create_task(self._work(client))
            stopped = asyncio.create_task(asyncio.to_thread(self._stop.wait))
            await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
            self.retried = client.retried
            self._stop.set()
            if not working.done():
                working.cancel()
            await asyncio.gather(working, return_exceptions=not working.done())

    async def _work(self, client: Client) -> None:
        """Until every caller has seen the end of its last workflow."""
        person = asyncio.create_task(_person(client))
        try:
            await asyncio.gather(*(self._caller(client) for _ in range(self.callers)))
        finally:
            person.cancel()

    async def _caller(self, client: Client) -> None:
        while not self._enough.is_set():
            self.started += 1
            author = Author(client, self.owner, self.simulator_url, Random(f"{self.seed}:{self.started}"))
            try:
                await author.work()
            except* NoAnswer as missing:
                self.journal.write(Surprise("no answer", author.mark, str(missing.exceptions)))
            else:
                self.finished += 1


async def _person(client: Client) -> None:
    """Asks again about what is unknown, and sends again what was held or has failed; not what a reviewer has back."""
    while True:
        for status, act in (("unknown", "reconcile"), ("failed", "retry"), ("held", "retry")):
            page = await client.get(f"/v1/publishing-jobs?status={status}&limit=100")
            for job in page.get("items", []):
                if (job["error"] or {}).get("code") != "Refused":
                    await client.post(f"/v1/publishing-jobs/{job['id']}/{act}")
        await asyncio.sleep(PERSON_SECONDS)
