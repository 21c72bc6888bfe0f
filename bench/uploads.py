"""What a large upload costs an API process: its memory at the highest, and its time, both ways in.

`python -m bench.uploads [--quick]`. The aim is at most 64 MiB more than before, for 500 MB.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import httpx
from rich import box
from rich.console import Console
from rich.table import Table

from bench.process import Process
from bench.service import Service, running
from cli.client import Client
from cli.uploading import upload

MEGABYTES: Final = 500
QUICK_MEGABYTES: Final = 50
LOOK_SECONDS: Final = 0.02
_PIECE: Final = os.urandom(1_000_000)
_BOUNDARY: Final = "proofroom-bench"


def run(console: Console, *, quick: bool) -> dict[str, float]:
    megabytes = QUICK_MEGABYTES if quick else MEGABYTES
    table = Table(f"{megabytes} MB", box=box.SIMPLE_HEAD)
    for heading in ("seconds", "API CPU seconds", "RSS before, MiB", "highest, MiB", "growth, MiB"):
        table.add_column(heading, justify="right")
    figures: dict[str, float] = {}
    with running(workers=0, accounts_each=1) as service:
        file = _made(service.folder / "large.bin", megabytes)
        for name, send in (("form", _by_form), ("tus", _by_tus)):
            send(service, _made(service.folder / f"small-{name}.bin", 1))  # what the first of its kind loads
            api = service.apis[0]
            before, cpu, began = api.rss_bytes(), api.cpu_seconds(), time.perf_counter()
            highest = _highest(api, partial(send, service, file))
            seconds, spent = time.perf_counter() - began, api.cpu_seconds() - cpu
            growth = (highest - before) / 1024**2
            table.add_row(
                name,
                f"{seconds:.1f}",
                f"{spent:.1f}",
                f"{before / 1024**2:.1f}",
                f"{highest / 1024**2:.1f}",
                f"{growth:.1f}",
            )
            figures |= {f"upload_{name}_seconds": seconds, f"upload_{name}_growth_mib": growth}
    console.print(table)
    return figures


def _made(path: Path, megabytes: int) -> Path:
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(_PIECE)
    return path


def _highest(process: Process, work: Callable[[], None]) -> int:
    """Resident bytes, looked at fifty times a second while the work is done."""
    highest, done = process.rss_bytes(), threading.Event()

    def watch() -> None:
        nonlocal highest
        while not done.wait(LOOK_SECONDS):
            highest = max(highest, process.rss_bytes())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        work()
    finally:
        done.set()
        watching.join()
    return highest


def _project(service: Service) -> str:
    made = Client(service.base_url, service.owner.api_key).send("POST", "/v1/projects", {"title": "Large"})
    return str(made["id"])


def _by_form(service: Service, file: Path) -> None:
    headers = {
        "Authorization": f"Bearer {service.owner.api_key}",
        "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
    }
    address = f"{service.base_url}/v1/projects/{_project(service)}/files"
    httpx.post(address, content=_form(file), headers=headers, timeout=600).raise_for_status()


def _form(file: Path) -> Iterator[bytes]:
    yield f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n\r\n'.encode()
    with file.open("rb") as opened:
        while piece := opened.read(len(_PIECE)):
            yield piece
    yield f"\r\n--{_BOUNDARY}--\r\n".encode()


def _by_tus(service: Service, file: Path) -> None:
    upload(Client(service.base_url, service.owner.api_key), _project(service), file, lambda _: None)


if __name__ == "__main__":
    run(Console(highlight=False), quick="--quick" in sys.argv)
