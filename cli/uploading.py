"""A file into a project by the tus protocol: cut off or run again, it goes on where it was."""

import base64
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from cli import show
from cli.client import Client, ServiceUnreachable

_TUS: Final = {"Tus-Resumable": "1.0.0"}
_MEDIA_TYPE: Final = "application/offset+octet-stream"
_PIECE: Final = 256 * 1024
_TRIES: Final = 6
"""In a row without getting on: about half a minute, in which a service is started again."""


def upload_all(client: Client, project_id: str, files: Sequence[Path], *, quiet: bool = False) -> list[str]:
    """The new files' ids. Shows on a terminal how far it is."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    added = []
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bar:
        for file in files:
            task = bar.add_task(show.plain(file.name).plain, total=file.stat().st_size)

            def tell(done: int, task: TaskID = task) -> None:
                bar.update(task, completed=done)

            added.append(upload(client, project_id, file, tell))
    return added


def upload(client: Client, project_id: str, file: Path, progress: Callable[[int], object]) -> str:
    """The new file's id. `progress` is told how many bytes are there.

    Raises ProofroomError, also ServiceUnreachable after several tries.
    """
    path = _begun(client, project_id, file) or _begin(client, project_id, file)
    size, tries, furthest = file.stat().st_size, 0, -1
    while True:
        try:
            offset = int(client.exchange("HEAD", path, _TUS)["upload-offset"])
            progress(offset)
            if offset == size:
                return path.rpartition("/")[2]
            headers = {**_TUS, "Content-Type": _MEDIA_TYPE, "Upload-Offset": str(offset)}
            client.exchange("PATCH", path, headers, _pieces(file, offset, progress))
        except ServiceUnreachable:
            tries = 0 if offset > furthest else tries + 1
            furthest = max(furthest, offset)
            if tries >= _TRIES:
                raise
            time.sleep(min(0.5 * 2**tries, 10))


def _begin(client: Client, project_id: str, file: Path) -> str:
    metadata = f"filename {_encoded(file.name)},fingerprint {_encoded(fingerprint(file))}"
    headers = {**_TUS, "Upload-Length": str(file.stat().st_size), "Upload-Metadata": metadata}
    return client.exchange("POST", f"/v1/projects/{project_id}/uploads", headers)["location"]


def _begun(client: Client, project_id: str, file: Path) -> str | None:
    """The upload of this very file that was left unfinished."""
    mark = f"fingerprint {_encoded(fingerprint(file))}"
    found = (
        each
        for each in client.listed(f"/v1/projects/{project_id}/uploads")
        if mark in each["metadata"].split(",")
    )
    return next((f"/v1/uploads/{each['id']}" for each in found), None)


def fingerprint(file: Path) -> str:
    """The same until somebody changes the file."""
    stat = file.stat()
    return hashlib.sha256(f"{file.resolve()}\n{stat.st_size}\n{stat.st_mtime_ns}".encode()).hexdigest()


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


def _pieces(file: Path, offset: int, progress: Callable[[int], object]) -> Iterator[bytes]:
    with file.open("rb") as opened:
        opened.seek(offset)
        while piece := opened.read(_PIECE):
            yield piece
            progress(opened.tell())
