"""`proofroom up`: the whole of Proofroom on one machine, from nothing, and back again after any end."""

import os
import shutil
import signal
import sys
import time
import urllib.request
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from prometheus_client.multiprocess import mark_process_dead

from cli import data_directory, first_owner
from cli.supervisor import Child, Supervisor
from core.embedded import Cluster
from core.errors import Unavailable
from core.settings import load
from migrations.run import upgrade

_READY_SECONDS = 90
_HOPELESS = 4
"""Deaths of the API before it was ready once."""
_mark_dead: Callable[[int, str], None] = mark_process_dead
_EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to run; without `simulator_url` there are no simulators."""

    data_dir: Path
    host: str
    port: int
    workers: int
    simulator_url: str | None
    mail_port: int | None

    @property
    def url(self) -> str:
        host = data_directory.LOOPBACK if self.host in _EVERYWHERE else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def up(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="[PROOFROOM_PORT, else 8750]")] = None,
    host: Annotated[str | None, typer.Option(help="[PROOFROOM_HOST, else 127.0.0.1]")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Keep everything here. [PROOFROOM_DATA_DIR, else .proofroom]")
    ] = None,
    database_url: Annotated[str | None, typer.Option(help="Use this server, not the embedded one.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = 1,
    simulators: Annotated[bool, typer.Option(help="Serve simulated platforms.")] = True,
    open_browser: Annotated[bool, typer.Option("--open", help="Open a browser.")] = False,
) -> None:
    """Start everything on this machine: database, API, worker, simulators."""
    configured = load()
    folder = (data_dir or configured.data_dir).resolve()
    host, port = host or configured.host, port or configured.port
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with ExitStack() as stack:
            stack.enter_context(data_directory.alone(folder))
            data_directory.require_free(folder, host, port)
            simulator_url = data_directory.simulator_url(folder, port + 1) if simulators else None
            mail_port = data_directory.free_port(0) if simulators else None
            plan = Plan(folder, host, port, workers, simulator_url, mail_port)
            data_directory.write(folder, plan.url, plan.simulator_url)
            cluster = None
            if database_url is None:
                cluster = Cluster(folder)
                stack.callback(cluster.stop)
                cluster.start()
                database_url = cluster.url()
                data_directory.write(folder, plan.url, plan.simulator_url, database_url)
            os.environ.update(_environment(plan, database_url))
            sign_in = _prepare(plan)
            supervisor = _supervisor(plan)
            stack.callback(supervisor.stop)
            supervisor.start()
            _await_ready(plan, supervisor)
            _welcome(plan, sign_in)
            if open_browser:
                webbrowser.open(sign_in or plan.url)
            _watch(supervisor, cluster)
    except KeyboardInterrupt:
        _say("Stopped.")


def _environment(plan: Plan, database_url: str) -> dict[str, str]:
    """How this process and its children learn what they are to be."""
    variables = {
        "PROOFROOM_DEPLOYMENT": "embedded",
        "PROOFROOM_DATA_DIR": str(plan.data_dir),
        "PROOFROOM_DATABASE_URL": database_url,
        "PROOFROOM_HOST": plan.host,
        "PROOFROOM_PORT": str(plan.port),
        "PROMETHEUS_MULTIPROC_DIR": str(plan.data_dir / "metrics"),
    }
    if plan.simulator_url:
        variables["PROOFROOM_SIMULATOR_URL"] = plan.simulator_url
        variables["PROOFROOM_SIMULATOR_MAIL_PORT"] = str(plan.mail_port)
    return variables


def _prepare(plan: Plan) -> str | None:
    """Returns the sign-in link."""
    settings = load()
    upgrade(settings)
    path = first_owner.sign_in_path(settings)
    return f"{plan.url}{path}" if path else None


def _supervisor(plan: Plan) -> Supervisor:
    metrics = plan.data_dir / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)  # of processes that are no more
    metrics.mkdir()

    def child(name: str, *arguments: str) -> Child:
        command = [sys.executable, "-P", "-m", "cli.main", *arguments]
        return Child(name, command, dict(os.environ), plan.data_dir / "log" / f"{name}.log")

    groups = [[child("api", "api"), *(child(f"worker-{n}", "worker") for n in range(1, plan.workers + 1))]]
    if plan.simulator_url:
        port, journal = data_directory.port_of(plan.simulator_url), plan.data_dir / "simulators.jsonl"
        options = ("--journal", str(journal), "--mail-port", str(plan.mail_port))
        groups.insert(0, [child("simulators", "simulators", str(port), *options)])
    return Supervisor(groups, _say, lambda pid: _mark_dead(pid, str(metrics)))


def _await_ready(plan: Plan, supervisor: Supervisor) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not _is_ready(plan.url):
        supervisor.check()
        if time.monotonic() > deadline or supervisor.deaths("api") >= _HOPELESS:
            raise Unavailable(
                "The API does not become ready.", remedy=f"Read the logs in {plan.data_dir / 'log'}."
            )
        time.sleep(0.1)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except OSError:  # not listening, or listening and not ready
        return False


def _watch(supervisor: Supervisor, cluster: Cluster | None) -> NoReturn:
    while True:
        if cluster is not None and cluster.poll() is not None:
            _say(f"PostgreSQL ended; starting it again. Its log: {cluster.log_file}")
            cluster.stop()
            cluster.start()
        supervisor.check()
        time.sleep(0.2)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _command() -> str:
    """As it can be typed here: what lies in a virtual environment may not be on the path."""
    called = Path(sys.argv[0])
    if called.name != "proofroom" or shutil.which("proofroom") == str(called.absolute()):
        return "proofroom"
    return os.path.relpath(called)


def _welcome(plan: Plan, sign_in: str | None) -> None:
    here = plan.data_dir.is_relative_to(Path.cwd())
    folder = plan.data_dir.relative_to(Path.cwd()) if here else plan.data_dir
    command = f"{_command()} review"
    if plan.data_dir != Path(".proofroom").resolve():
        command += f" --data-dir {folder}"
    lines = [
        "Proofroom is running. Open this, which signs you in once:" if sign_in else "Proofroom is running:",
        "",
        f"  {sign_in or plan.url}",
        "",
        f"  Key        {folder}/{data_directory.OWNER_KEY_FILE}, with which the command line signs in: {command}",
        f"  API        {plan.url}/docs",
    ]
    if plan.simulator_url:
        lines.append(f"  Platforms  simulated at {plan.simulator_url}")
    lines += [f"  Logs       {folder}/log", "", "Ctrl-C stops all of it."]
    print("\n".join(lines), flush=True)
