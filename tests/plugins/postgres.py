"""One PostgreSQL server per version and test run, one migrated template in it, one database per test."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import psycopg
import pytest
from pydantic import SecretStr

from core.embedded import Cluster
from core.settings import Deployment, Settings

_EMPTY = "proofroom"
_TEMPLATE = "proofroom_template"
_DEBIAN = Path("/usr/lib/postgresql/15/bin")
_BINARIES: dict[str, Path | None] = {"18": None} | ({"15": _DEBIAN} if _DEBIAN.is_dir() else {})
"""None: the embedded server's own."""
_MEMORY = Path("/dev/shm")
_PREFIX = "proofroom-tests-"
_NUMBERS = count()
_SERVERS = pytest.StashKey["Servers"]()


@dataclass
class Servers:
    """The run's servers. They belong to the process that pytest was started as; xdist's workers get the addresses."""

    addresses: dict[str, str] = field(default_factory=dict)
    versions: list[str] = field(default_factory=list)
    folder: Path | None = None
    _lock: IO[bytes] | None = None
    _clusters: list[Cluster] = field(default_factory=list)

    def start(self, version: str) -> str:
        """The address at which the superuser is let in."""
        if version not in self.addresses:
            if self.folder is None:
                self.folder, self._lock = _make_folder()
            cluster = Cluster(self.folder / version, bin_dir=_BINARIES[version], tests=True)
            self._clusters.append(cluster)
            cluster.start()
            self.addresses[version] = cluster.url("postgres", user="postgres")
            self.versions.append(cluster.version)
        return self.addresses[version]

    def log_file(self, version: str) -> Path:
        assert self.folder is not None, "no server was started"
        return self.folder / version / "log" / "postgres.log"

    def stop(self) -> None:
        for cluster in self._clusters:
            cluster.stop()
        if self.folder is not None and self._lock is not None:
            with _alone(self.folder.parent):
                self._lock.close()
                shutil.rmtree(self.folder)


def _make_folder() -> tuple[Path, IO[bytes]]:
    """In memory where there is room: a database is 1,600 files, 14 ms there to copy and 450 ms on a slow disk.

    The lock says that the run lives; folders of killed runs are removed on the way.
    """
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 2 * 1024**3
    parent = _MEMORY if roomy else Path(tempfile.gettempdir())
    with _alone(parent):
        for old in parent.glob(f"{_PREFIX}*"):
            with suppress(OSError), (old / "lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(old)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        lock = (folder / "lock").open("ab")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return folder, lock


@contextmanager
def _alone(parent: Path) -> Iterator[None]:
    """No other run makes or removes a folder meanwhile: one that is not locked yet, or not any more, is not a killed run's."""
    with (parent / f"{_PREFIX.removesuffix('-')}.{os.getuid()}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True, slots=True)
class Server:
    """What a test's database is made in."""

    version: str
    admin: psycopg.Connection
    log_file: Path

    def address(self, database: str) -> str:
        return f"postgresql://proofroom@/{database}?host={quote(self.admin.info.host, safe='')}"


def pytest_configure(config: pytest.Config) -> None:
    addresses, folder = getattr(config, "workerinput", {}).get("postgres", ({}, None))
    config.stash[_SERVERS] = Servers(dict(addresses), folder=Path(folder) if folder else None)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In xdist's controller, before each worker starts."""
    servers = node.config.stash[_SERVERS]
    for version in _BINARIES:
        servers.start(version)
    node.workerinput["postgres"] = servers.addresses, str(servers.folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_SERVERS].stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if versions := config.stash[_SERVERS].versions:
        terminalreporter.write_line(f"PostgreSQL: {', '.join(versions)}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test marked `database` that uses a server runs once on each version that is found."""
    if "postgres" in metafunc.fixturenames and metafunc.definition.get_closest_marker("database"):
        metafunc.parametrize(
            "postgres", list(_BINARIES), indirect=True, ids=[f"postgresql{version}" for version in _BINARIES]
        )


@pytest.fixture(scope="session")
def _admin_connections(pytestconfig: pytest.Config) -> Iterator[dict[str, psycopg.Connection]]:
    connections: dict[str, psycopg.Connection] = {}
    yield connections
    for connection in connections.values():
        connection.close()


@pytest.fixture
def postgres(
    request: pytest.FixtureRequest,
    pytestconfig: pytest.Config,
    _admin_connections: dict[str, psycopg.Connection],
) -> Server:
    """A running server."""
    version: str = getattr(request, "param", "18")
    servers = pytestconfig.stash[_SERVERS]
    if version not in _admin_connections:
        _admin_connections[version] = psycopg.connect(servers.start(version), autocommit=True)
    return Server(version, _admin_connections[version], servers.log_file(version))


@pytest.fixture
def empty_database_url(postgres: Server) -> Iterator[str]:
    """A database of this test's own with nothing in it, as `proofroom up` finds it at the first start."""
    with _database(postgres, _EMPTY) as url:
        yield url


@pytest.fixture
def database_url(postgres: Server) -> Iterator[str]:
    """A freshly migrated database of this test's own, owned by the login role `proofroom`."""
    with migrated(postgres) as url:
        yield url


@contextmanager
def migrated(server: Server) -> Iterator[str]:
    """The address of a freshly migrated database."""
    _make_template(server)
    with _database(server, _TEMPLATE) as url:
        yield url


@contextmanager
def _database(server: Server, template: str) -> Iterator[str]:
    name = f"test_{server.admin.info.backend_pid}_{next(_NUMBERS)}"
    server.admin.execute(f"CREATE DATABASE {name} OWNER proofroom TEMPLATE {template} STRATEGY file_copy")
    yield server.address(name)
    server.admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _make_template(server: Server) -> None:
    """Made by the first worker that comes, under another name until it is complete."""
    if _has_template(server):
        return
    with (Path(server.admin.info.host) / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _has_template(server):
            return
        server.admin.execute("DROP DATABASE IF EXISTS migrating")
        server.admin.execute(f"CREATE DATABASE migrating OWNER proofroom TEMPLATE {_EMPTY}")
        from migrations.run import upgrade  # slow to load, and only one worker needs it

        upgrade(Settings(deployment=Deployment.EMBEDDED, database_url=SecretStr(server.address("migrating"))))
        server.admin.execute(f"ALTER DATABASE migrating RENAME TO {_TEMPLATE}")


def _has_template(server: Server) -> bool:
    return bool(server.admin.execute("SELECT FROM pg_database WHERE datname = %s", [_TEMPLATE]).rowcount)
