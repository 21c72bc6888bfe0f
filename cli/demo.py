"""`proofroom demo`: an example article, from the brief to the posts, on this machine alone."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from cli import data_directory, options, show
from cli.answers import Workflow
from cli.client import Client, ServiceUnreachable, connect
from cli.desk import RECEIPT_SECONDS, Desk
from cli.follow import await_outcome, follow
from cli.given import read_text
from core import processes
from core.errors import Invalid, Unauthenticated, Unavailable
from core.settings import load

_PLATFORMS: Final = ["linkedin", "x", "blog"]
_READY_SECONDS: Final = 120
_STOP_SECONDS: Final = 30


def demo(
    yes: Annotated[bool, typer.Option("--yes", help="Accept every draft, ask nothing.")] = False,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """The whole way from an example article to a published post, on simulated platforms."""
    if as_json and not yes:
        raise Invalid("--json goes with --yes: questions have no place in a document.")
    out = Console(stderr=True, quiet=True) if as_json else show.console()
    article = _examples()[0]
    with _service((data_dir or load().data_dir).resolve(), out, pause=not yes) as client:
        out.print(f"{article.name}, drafted for {', '.join(_PLATFORMS)}:", style="bold")
        brief = {"source": {"type": "text", "text": read_text(str(article))}, "platforms": _PLATFORMS}
        workflow = follow(client, client.start(brief), None if as_json else out)
        if yes:
            _accept_all(client, workflow, out)
        else:
            Desk(client, out, workflow_id=workflow.id).work()
        workflow = client.workflow(workflow.id)
        out.rule("What became of it")
        for thread in workflow.threads:
            out.print(show.outcome(thread), soft_wrap=True)
    if as_json:
        print(json.dumps(workflow.as_sent(), ensure_ascii=False))
    if yes and any(thread.status != "published" for thread in workflow.threads):
        raise typer.Exit(1)


def _examples() -> list[Path]:
    """In an installed package they lie beside this file, in a checkout beside its folder."""
    folders = [Path(__file__).parent / "examples", Path(__file__).parents[1] / "examples"]
    return sorted(next(folder for folder in folders if folder.is_dir()).glob("*.md"))


def _accept_all(client: Client, workflow: Workflow, out: Console) -> None:
    for item in client.reviews(workflow_id=workflow.id):
        review = client.review(item.id)
        out.print(show.review(review, client.measure(review.platform, review.draft)))
        client.decide(review, {"decision": "accept"})
        await_outcome(client, workflow.id, item.thread_id, RECEIPT_SECONDS)


@contextmanager
def _service(folder: Path, out: Console, *, pause: bool) -> Iterator[Client]:
    """The one that runs on the data directory, or one of our own until we are done."""
    if _runs(folder):
        yield connect(None, None, folder)
        return
    out.print(f"Starting Proofroom in {folder} …", style="dim")
    command = [
        sys.executable,
        "-P",
        "-m",
        "cli.main",
        "up",
        "--data-dir",
        str(folder),
        "--port",
        str(data_directory.free_port(load().port)),
    ]
    log_file = folder / "log" / "up.log"
    with processes.open_log(log_file) as log:
        process = processes.spawn(command, on_parent_death=signal.SIGTERM, env=os.environ, output=log)
    try:
        yield _ready(process, folder, log_file)
        if pause:
            with suppress(EOFError):
                out.input("The posts are there until you press Enter. ")
    finally:
        processes.stop(process, (signal.SIGTERM, _STOP_SECONDS))
        out.print("Stopped. Everything is kept: `proofroom up` shows it again.", style="dim")


def _runs(folder: Path) -> bool:
    try:
        with data_directory.alone(folder):
            return False
    except data_directory.AlreadyRunning:
        return True


def _ready(process: subprocess.Popen[bytes], folder: Path, log_file: Path) -> Client:
    deadline = time.monotonic() + _READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        running = data_directory.read(folder)
        with suppress(ServiceUnreachable, Unauthenticated):  # not yet
            if running and running.pid == process.pid:
                client = connect(running.url, None, folder)
                if client.is_ready():
                    return client
        time.sleep(0.2)
    last = log_file.read_text(errors="replace").strip().rpartition("\n")[2]
    raise Unavailable(f"Proofroom did not start: {last}", remedy=f"Read {log_file}.")
