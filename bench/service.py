"""A whole Proofroom as the operating system sees it: PostgreSQL, simulators, API and worker processes of its own.

Everything listens on free ports of loopback and lies in one folder; the developer's own settings are not read.
"""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select

from bench.process import Process, cpu_seconds
from cli.sockets import listen
from core.crypto import Keyring
from core.db import Database, libpq_url
from core.embedded import Cluster
from core.principal import Principal
from core.settings import Deployment, Settings
from migrations.run import upgrade
from models import ConnectedAccount
from platforms.registry import PlatformName
from services.access import identity
from services.access.first_owner import ensure_first_owner
from services.delivery import accounts
from services.mail import subscribers
from services.mail.subscribers import Entry

LOOPBACK = "127.0.0.1"
READY_SECONDS = 60.0
READERS = tuple(f"reader-{number}@readers.example" for number in range(4))
"""Of newsletters, beside those of each workspace with simulated accounts."""
_FOREIGN = ("PROOFROOM_", "OPENAI_", "DATABASE_", "OTEL_", "LANGSMITH_", "LANGCHAIN_", "PROMETHEUS_")
_NO_LIMIT = {"PROOFROOM_REQUESTS_PER_MINUTE": "100000000"}
"""One caller stands for many here."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose workspace it is. `accounts` by platform: X takes 100 posts in 15 minutes from each."""

    principal: Principal
    api_key: str = field(repr=False)
    accounts: Mapping[str, tuple[UUID, ...]]


@dataclass
class Service:
    """Processes may be killed, restarted, added and taken away while it runs; call that from the main thread."""

    folder: Path
    cluster: Cluster
    settings: Settings
    simulator_url: str
    mail_port: int
    """Of the simulated mail server."""
    owner: Owner
    null_agents: bool
    api_env: Mapping[str, str]
    worker_env: Mapping[str, str]
    journal: bool = True
    simulators: Process = field(init=False)
    """With a journal on disk, killing them loses no post; without one they take less time than any platform."""
    apis: list[Process] = field(default_factory=list)
    workers: list[Process] = field(default_factory=list)
    base_urls: list[str] = field(default_factory=list)
    """Of each API process."""

    def __post_init__(self) -> None:
        port, mail_port = self.simulator_url.rpartition(":")[2], str(self.mail_port)
        arguments = ("-m", "cli.main", "simulators", port, "--mail-port", mail_port)
        journal = ("--journal", str(self.folder / "simulators.jsonl")) if self.journal else ()
        self.simulators = self._process("simulators", (*arguments, *journal), {})

    @property
    def base_url(self) -> str:
        return self.base_urls[0]

    @property
    def database_url(self) -> str:
        """For psycopg and PostgreSQL's tools, as the role that owns the database."""
        return libpq_url(self.settings)

    @property
    def superuser_url(self) -> str:
        """Without row security, for looking afterwards."""
        return self.cluster.url(user="postgres")

    def cpu_seconds(self) -> dict[str, float]:
        """Spent so far by each part's processes; what a killed one had spent is gone, PostgreSQL's apart."""
        return {
            "api": sum(each.cpu_seconds() for each in self.apis if each.alive),
            "worker": sum(each.cpu_seconds() for each in self.workers if each.alive),
            "postgres": cpu_seconds(self.cluster.pid),
            "simulators": self.simulators.cpu_seconds(),
        }

    def add_api(self) -> Process:
        port = free_port()
        arguments = ("-m", "cli.main", "api", "--port", str(port))
        made = self._process(f"api-{len(self.apis) + 1}", arguments, _NO_LIMIT | dict(self.api_env))
        self.apis.append(made)
        self.base_urls.append(f"http://{LOOPBACK}:{port}")
        made.start()
        return made

    def add_worker(self) -> Process:
        arguments = ("-m", "bench.worker") if self.null_agents else ("-m", "cli.main", "worker")
        made = self._process(f"worker-{len(self.workers) + 1}", arguments, self.worker_env)
        self.workers.append(made)
        made.start()
        return made

    def await_ready(self) -> None:
        """Every process that is alive takes requests or work. Raises TimeoutError."""
        self.simulators.await_answer(f"{self.simulator_url}/healthz", READY_SECONDS)
        for api, url in zip(self.apis, self.base_urls, strict=True):
            if api.alive:
                api.await_answer(f"{url}/readyz", READY_SECONDS)
        for worker in self.workers:
            if worker.alive:
                worker.await_log(b"worker.started", READY_SECONDS)

    def restart_postgres(self) -> None:
        """After it was killed, or in the midst of its work."""
        self.cluster.stop()
        self.cluster.start()

    def stop(self) -> None:
        """As at a shutdown: all but PostgreSQL, which `running` ends after them."""
        ending = (*self.apis, *self.workers)
        for process in ending:
            process.signal(signal.SIGTERM)
        for process in (*ending, self.simulators):
            process.stop()

    def _process(self, name: str, arguments: tuple[str, ...], extra: Mapping[str, str]) -> Process:
        env = {
            **os.environ,
            "PROOFROOM_DEPLOYMENT": "embedded",
            "PROOFROOM_DATA_DIR": str(self.folder),
            "PROOFROOM_DATABASE_URL": self.settings.database_url.get_secret_value(),
            "PROOFROOM_SIMULATOR_URL": self.simulator_url,
            "PROOFROOM_SIMULATOR_MAIL_PORT": str(self.mail_port),
            **extra,
        }
        return Process(name, [sys.executable, *arguments], env, self.folder / "log" / f"{name}.log")


@contextmanager
def running(
    *,
    apis: int = 1,
    workers: int = 1,
    null_agents: bool = True,
    accounts_each: int = 20,
    api_env: Mapping[str, str] | None = None,
    worker_env: Mapping[str, str] | None = None,
    journal: bool = True,
    folder: Path | None = None,
) -> Iterator[Service]:
    """A service on an empty database, ready. `accounts_each`: of one owner, on every simulated platform.

    `folder` is kept, a temporary one is not. Without `null_agents` the offline writer and critic are at work.
    """
    for name in [name for name in os.environ if name.startswith(_FOREIGN)]:
        del os.environ[name]
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="proofroom-bench-")))
        cluster = Cluster(folder)
        stack.callback(cluster.stop)
        cluster.start()
        simulator_url, mail_port = f"http://{LOOPBACK}:{free_port()}", free_port()
        settings = Settings(
            deployment=Deployment.EMBEDDED,
            data_dir=folder,
            database_url=SecretStr(cluster.url()),
            simulator_url=simulator_url,
            simulator_mail_port=mail_port,
            log_level="warning",
        )
        upgrade(settings)
        owner = asyncio.run(_owner(settings, accounts_each))
        service = Service(
            folder,
            cluster,
            settings,
            simulator_url,
            mail_port,
            owner,
            null_agents,
            api_env or {},
            worker_env or {},
            journal,
        )
        stack.callback(service.stop)
        service.simulators.start()
        for _ in range(apis):
            service.add_api()
        for _ in range(workers):
            service.add_worker()
        service.await_ready()
        yield service


async def _owner(settings: Settings, accounts_each: int) -> Owner:
    db, keyring = Database(settings), Keyring.from_settings(settings)
    try:
        first = await ensure_first_owner(db, keyring, settings)
        who = await identity.authenticate(db, first.api_key, None)
        async with db.tenant(who.workspace_id, who.user_id) as session:
            for number in range(1, accounts_each):  # one they have already
                name = f"bench-{number}"
                await accounts.give_simulated(session, settings, keyring, who.workspace_id, who.user_id, name)
            listed = await subscribers.give_simulated(session, keyring, who.workspace_id, who.user_id)
            await subscribers.add(session, keyring, listed.id, [Entry(email) for email in READERS])
            rows = (await session.execute(select(ConnectedAccount.platform, ConnectedAccount.id))).all()
    finally:
        await db.dispose()
    made = {p.value: tuple(row.id for row in rows if row.platform == p) for p in PlatformName}
    return Owner(who, first.api_key, made)


def free_port() -> int:
    with listen(LOOPBACK, 0) as found:
        return int(found.getsockname()[1])
