"""One PostgreSQL server: made on first use, ours alone, ended with us."""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

from core import processes
from core.embedded import place as places
from core.embedded.place import EmbeddedDatabaseError, Place

SUPERUSER = "postgres"
OWNER = "proofroom"
"""Owns the database of the same name: may make roles, is held to row security."""

_START_SECONDS = 60.0
_ORPHAN_SECONDS = 3.0
_STILL_THERE = ("already exists", "pre-existing shared memory block")
"""What a new server says while processes of the killed one are going."""

_SERVER = {
    "autovacuum_naptime": "10s",  # what was planned while a table was new is planned again soon
    "listen_addresses": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_FORGETFUL = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "max_wal_size": "128MB",
    "log_line_prefix": "%m [%p] %d ",
}
"""For tests: quick, lost with the machine, and its log names the database, of which each test has one."""


class Cluster:
    """A server on a data directory; `start` and `stop` belong to one process, and to its main thread."""

    def __init__(
        self, data_dir: Path, *, bin_dir: Path | None = None, tests: bool = False, namespaces: bool = True
    ) -> None:
        """`namespaces=False` takes root's other way, a second user."""
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._data_dir = data_dir.resolve()
        self._bin_dir = bin_dir
        self._tests = tests
        self._namespaces = namespaces
        self._lock: IO[bytes] | None = None
        self._place: Place | None = None
        self._sockets: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when the server answers. Raises EmbeddedDatabaseError, also when another process runs it."""
        self._lock = _lock(self._data_dir / "postgres.lock")
        try:
            bin_dir = self._bin_dir or places.packaged_binaries()
            self._place = places.find(self._data_dir, bin_dir, namespaces=self._namespaces)
            self._sockets = places.socket_folder(self._place)
            self._initialise(self._place)
            self._serve(self._place)
            self._provision()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, everything committed is on disk."""
        if self._process is not None:
            processes.stop(self._process, (signal.SIGINT, 60), (signal.SIGQUIT, 10))
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def poll(self) -> int | None:
        """The server's exit status, None while it runs."""
        return self._running().poll()

    @property
    def pid(self) -> int:
        """The server's; every session is a child of it."""
        return self._running().pid

    def url(self, database: str = OWNER, *, user: str = OWNER) -> str:
        if self._sockets is None:
            raise EmbeddedDatabaseError("The embedded PostgreSQL has not been started.")
        return f"postgresql://{user}@/{quote(database)}?host={quote(str(self._sockets), safe='')}"

    @property
    def version(self) -> str:
        """As in `18.4`."""
        with self._connect() as connection:
            number = connection.info.server_version
        return f"{number // 10000}.{number % 10000}"

    @property
    def log_file(self) -> Path:
        return self._data_dir / "log" / "postgres.log"

    def _initialise(self, place: Place) -> None:
        """Made under another name and renamed: a cluster that is there is complete."""
        final, fresh = place.home / "data", place.home / "data.new"
        version = _major(place)
        if final.exists():
            found = (final / "PG_VERSION").read_text().strip()
            if found != version:
                raise EmbeddedDatabaseError(
                    f"{final} was made by PostgreSQL {found}; the server installed here is {version}.",
                    remedy=f"Dump it with PostgreSQL {found}, then restore the dump into a new data directory.",
                )
            return
        if fresh.exists():
            shutil.rmtree(fresh)
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        arguments = [
            *(["--auth-local=trust", "--auth-host=reject", "--data-checksums", "--no-instructions"]),
            *(["--encoding=UTF8", *(locale if int(version) >= 17 else ["--locale=C.UTF-8"])]),
            *(["--no-sync"] if self._tests else []),
        ]
        with processes.open_log(self.log_file) as log:
            offset = log.tell()
            child = self._spawn(
                place, log, "initdb", f"--pgdata={fresh}", f"--username={SUPERUSER}", *arguments
            )
            try:
                status = child.wait(_START_SECONDS)
            finally:
                processes.stop(child)
        if status != 0:
            raise EmbeddedDatabaseError(f"PostgreSQL's initdb failed: {self._said(offset)}")
        fresh.rename(final)

    def _serve(self, place: Place) -> None:
        final = place.home / "data"
        options = _SERVER | {"unix_socket_directories": str(self._sockets)}
        if self._tests:
            options |= _FORGETFUL
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        deadline = time.monotonic() + _START_SECONDS
        while True:
            _await_end(final, deadline)
            with processes.open_log(self.log_file) as log:
                offset = log.tell()
                self._process = self._spawn(place, log, "postgres", "-D", str(final), *arguments)
            if self._answers(deadline):
                return
            said = self._said(offset)
            if time.monotonic() > deadline or not any(words in said for words in _STILL_THERE):
                raise EmbeddedDatabaseError(
                    f"The embedded PostgreSQL does not start: {said}", remedy=f"Read {self.log_file}."
                )
            time.sleep(0.2)

    def _answers(self, deadline: float) -> bool:
        while self._running().poll() is None and time.monotonic() < deadline:
            try:
                self._connect().close()
            except psycopg.OperationalError:  # not listening yet, or still recovering
                time.sleep(0.02)
            else:
                return True
        return False

    def _provision(self) -> None:
        with self._connect() as connection:
            if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [OWNER]).rowcount:
                connection.execute(
                    f"CREATE ROLE {OWNER} LOGIN NOSUPERUSER CREATEROLE NOINHERIT NOBYPASSRLS NOCREATEDB"
                )
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [OWNER]).rowcount:
                connection.execute(f"CREATE DATABASE {OWNER} OWNER {OWNER}")
        with self._connect(OWNER) as connection:
            # It belongs to pg_database_owner, whose rights a NOINHERIT role does not have by itself.
            connection.execute(f"ALTER SCHEMA public OWNER TO {OWNER}")

    def _connect(self, database: str = SUPERUSER) -> psycopg.Connection:
        return psycopg.connect(self.url(database, user=SUPERUSER), autocommit=True)

    def _spawn(
        self, place: Place, output: IO[bytes], program: str, *arguments: str
    ) -> subprocess.Popen[bytes]:
        env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **_stale_pid(place.home / "data")}
        return processes.spawn(
            place.command(program, *arguments),
            on_parent_death=signal.SIGINT,
            env=env,
            output=output,
            cwd=place.home,
            user=place.user,
            group=place.group,
        )

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise EmbeddedDatabaseError("The embedded PostgreSQL has not been started.")
        return self._process

    def _said(self, offset: int) -> str:
        with self.log_file.open("rb") as log:
            log.seek(offset)
            lines = log.read().decode(errors="replace").strip().splitlines()
        return " / ".join(lines[-6:]) or "it said nothing"


def _major(place: Place) -> str:
    answer = subprocess.run(
        place.command("postgres", "--version"), capture_output=True, text=True, check=True
    )
    return answer.stdout.split()[2].split(".")[0]


def _lock(path: Path) -> IO[bytes]:
    """Held by the server's owner while it lives, so that any process left behind is surely an orphan."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise EmbeddedDatabaseError(
            f"Another process is running PostgreSQL on {path.parent}.",
            remedy="Stop it first, or choose another data directory.",
        ) from error
    return file


def _await_end(final: Path, deadline: float) -> None:
    """Wait until a killed server's processes are gone; they work in its data directory and end by themselves,
    those that do not are told to."""
    patience = time.monotonic() + _ORPHAN_SECONDS
    told = False
    while orphans := processes.working_in(final):
        if time.monotonic() > deadline:
            raise EmbeddedDatabaseError(
                f"Processes of an earlier PostgreSQL on {final} do not end: {_listed(orphans)}.",
                remedy="End them, then start again.",
            )
        if not told and time.monotonic() > patience:
            told = True
            _end(orphans, postmaster=_recorded_pid(final))
        time.sleep(0.05)


def _end(orphans: Sequence[int], *, postmaster: int | None) -> None:
    for pid in orphans:
        try:
            os.kill(pid, signal.SIGINT if pid == postmaster else signal.SIGTERM)
        except ProcessLookupError:
            continue


def _stale_pid(final: Path) -> dict[str, str]:
    """After a restart the recorded id may be some other process's, and PostgreSQL would refuse to start for ever.

    Nothing works in the directory any more, so it is told, as pg_ctl tells it, that this process is no server.
    """
    pid = _recorded_pid(final)
    return {"PG_GRANDPARENT_PID": str(pid)} if pid and Path("/proc", str(pid)).exists() else {}


def _recorded_pid(final: Path) -> int | None:
    try:
        return int((final / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):  # ended in order, or killed while writing it
        return None


def _listed(pids: Sequence[int]) -> str:
    return ", ".join(map(str, pids))
