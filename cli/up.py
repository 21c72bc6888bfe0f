"""`proofroom up`: the whole of Proofroom on one machine, from nothing, and back again after any end."""

import fcntl
import json
import os
import shutil
import signal
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from prometheus_client.multiprocess import mark_process_dead

from cli.first_owner import FirstOwner, first_owner
from cli.serve import listen
from cli.supervisor import Child, Supervisor
from core.crypto import load_or_create
from core.embedded import Cluster
from core.errors import ConfigurationError, Conflict, Unavailable
from core.settings import load
from migrations.run import upgrade

_READY_SECONDS = 90
_LOOPBACK = "127.0.0.1"


class AlreadyRunning(Conflict):
    """Another `proofroom up` holds the data directory."""


@dataclass(frozen=True, slots=True)
class Options:
    """`simulator_port` is None without simulators."""

    data_dir: Path
    host: str
    port: int
    workers: int
    simulator_port: int | None

    @property
    def url(self) -> str:
        host = _LOOPBACK if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def up(
    port: Annotated[int | None, typer.Option(help="Serve here. [PROOFROOM_PORT, 8750]")] = None,
    host: Annotated[str | None, typer.Option(help="Serve here. [PROOFROOM_HOST, 127.0.0.1]")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Keep everything here. [PROOFROOM_DATA_DIR, .proofroom]")
    ] = None,
    database_url: Annotated[str | None, typer.Option(help="Use this server, not the embedded one.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 1,
    simulators: Annotated[bool, typer.Option(help="Serve simulated platforms.")] = True,
    open_browser: Annotated[bool, typer.Option("--open", help="Open a browser.")] = False,
) -> None:
    """Start everything on this machine: database, API, worker, simulators."""
    found = load()
    folder = (data_dir or found.data_dir).resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with _alone(folder) as state, ExitStack() as stack:
            options = Options(
                folder,
                host or found.host,
                found.port if port is None else port,
                workers,
                _simulator_port(state, (port or found.port) + 1) if simulators else None,
            )
            _await_free(options.host, options.port)
            _write_state(state, options)
            cluster = None
            if database_url is None:
                cluster = Cluster(folder)
                stack.callback(cluster.stop)
                cluster.start()
                database_url = cluster.url()
            _run(options, database_url, cluster, stack, open_browser=open_browser)
    except KeyboardInterrupt:
        print("Stopped.")


def _run(
    options: Options, database_url: str, cluster: Cluster | None, stack: ExitStack, *, open_browser: bool
) -> NoReturn:
    os.environ.update(_environment(options, database_url))
    settings = load()
    load_or_create(options.data_dir)
    upgrade(settings)
    owner = first_owner(settings)
    metrics = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(parents=True)
    supervisor = Supervisor(_children(options), _say, lambda pid: mark_process_dead(pid, str(metrics)))
    stack.callback(supervisor.stop)
    supervisor.start()
    _await_ready(options, supervisor)
    _welcome(options, owner)
    if open_browser:
        webbrowser.open(owner.sign_in_url or options.url)
    while True:
        if cluster is not None and cluster.poll() is not None:
            _say(f"PostgreSQL ended; starting it again. Its log: {cluster.log_file}")
            cluster.stop()
            cluster.start()
        supervisor.check()
        time.sleep(0.2)


def _environment(options: Options, database_url: str) -> dict[str, str]:
    """How the children learn what they are to be."""
    variables = {
        "PROOFROOM_DEPLOYMENT": "embedded",
        "PROOFROOM_DATA_DIR": str(options.data_dir),
        "PROOFROOM_DATABASE_URL": database_url,
        "PROOFROOM_HOST": options.host,
        "PROOFROOM_PORT": str(options.port),
        "PROMETHEUS_MULTIPROC_DIR": str(options.data_dir / "metrics"),
        "PYTHONUNBUFFERED": "1",
    }
    if options.simulator_port is not None:
        variables["PROOFROOM_SIMULATOR_URL"] = f"http://{_LOOPBACK}:{options.simulator_port}"
    return variables


def _children(options: Options) -> list[list[Child]]:
    def child(name: str, *arguments: str) -> Child:
        command = [sys.executable, "-P", "-m", "cli.main", *arguments]
        return Child(name, command, dict(os.environ), options.data_dir / "log" / f"{name}.log")

    serving = [child("api", "api"), *(child(f"worker-{n + 1}", "worker") for n in range(options.workers))]
    if options.simulator_port is None:
        return [serving]
    journal = str(options.data_dir / "simulators.jsonl")
    return [[child("simulators", "simulators", str(options.simulator_port), "--journal", journal)], serving]


def _await_ready(options: Options, supervisor: Supervisor) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not _answers(f"{options.url}/readyz"):
        supervisor.check()
        if time.monotonic() > deadline:
            raise Unavailable(
                "The API does not become ready.", remedy=f"Read the logs in {options.data_dir / 'log'}."
            )
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):  # not yet
        return False


@contextmanager
def _alone(data_dir: Path) -> Iterator[Path]:
    """Hold the data directory. Yields the file that says who does, and where."""
    state = data_dir / "up.json"
    with (data_dir / "up.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            running = _read_state(state)
            raise AlreadyRunning(
                f"Proofroom is running on {data_dir} already"
                f" (process {running.get('pid', 'unknown')}, {running.get('url', 'not ready yet')}).",
                remedy="Use that one, stop it, or choose another --data-dir.",
            ) from error
        yield state


def _read_state(state: Path) -> dict[str, object]:
    try:
        found = json.loads(state.read_text())
    except (FileNotFoundError, json.JSONDecodeError):  # never started, or killed while writing it
        return {}
    return found if isinstance(found, dict) else {}


def _write_state(state: Path, options: Options) -> None:
    state.write_text(
        json.dumps({"pid": os.getpid(), "url": options.url, "simulator_port": options.simulator_port})
    )


def _simulator_port(state: Path, wanted: int) -> int:
    """The same at every start, since posts' addresses contain it."""
    remembered = _read_state(state).get("simulator_port")
    if isinstance(remembered, int):
        _await_free(_LOOPBACK, remembered)
        return remembered
    try:
        with listen(_LOOPBACK, wanted):
            return wanted
    except ConfigurationError:  # the first start: any other will do
        with listen(_LOOPBACK, 0) as free:
            return int(free.getsockname()[1])


def _await_free(host: str, port: int) -> None:
    """Raises ConfigurationError. What a killed `up` leaves behind ends within a moment."""
    deadline = time.monotonic() + 3
    while True:
        try:
            listen(host, port).close()
        except ConfigurationError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _welcome(options: Options, owner: FirstOwner) -> None:
    folder = os.path.relpath(options.data_dir)
    lines = [f"Proofroom is running at {options.url}", ""]
    if owner.sign_in_url:
        lines.append(f"  Sign in once   {owner.sign_in_url}")
    lines.append(f"  Owner's key    {folder}/{owner.key_file.name} (the command line finds it there)")
    if options.simulator_port is not None:
        lines.append(f"  Platforms      simulated, http://{_LOOPBACK}:{options.simulator_port}/")
    lines += [
        f"  Logs           {folder}/log",
        "",
        "Try:  proofroom demo",
        "      proofroom write ARTICLE.md --platforms x,linkedin,blog   then   proofroom review",
        f"      {options.url}/docs",
        "",
        "Ctrl-C stops all of it.",
    ]
    print("\n".join(lines), flush=True)
