"""`proofroom files …`: what projects are written from."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Column, Table

from cli import options, show
from cli.client import Client, connect
from cli.uploading import upload
from core.errors import Conflict, NotFound

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

InProject = Annotated[str, typer.Option("--project", help="A project's id or title.")]


@app.callback()
def files() -> None:
    """Put files into projects, list them, get them back."""


@app.command()
def add(
    paths: Annotated[list[Path], typer.Argument(help="Files of this machine.", exists=True, dir_okay=False)],
    project: Annotated[str, typer.Option(help="A project's id or title; a new title makes a project.")],
    url: options.Url = None,
    api_key: options.ApiKey = None,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """Upload files. What was cut off goes on where it was when the same command is run again."""
    client = connect(url, api_key, data_dir)
    project_id = _found(client, project) or client.send("POST", "/v1/projects", {"title": project})["id"]
    added = []
    with _bar(hidden=as_json) as bar:
        for path in paths:
            task = bar.add_task(show.plain(path.name).plain, total=path.stat().st_size)

            def tell(done: int, task: Any = task) -> None:
                bar.update(task, completed=done)

            file_id = upload(client, project_id, path, tell)
            added.append(client.send("GET", f"/v1/files/{file_id}"))
    if as_json:
        print(json.dumps(added, ensure_ascii=False))
    else:
        show.console().print(_table(added))


@app.command("list")
def list_files(
    project: InProject,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """What a project has, the newest first."""
    client = connect(url, api_key, data_dir)
    project_id = _found(client, project)
    if project_id is None:
        raise NotFound(f"There is no project {project!r}.", remedy="`proofroom files add` makes one.")
    found = list(client.listed(f"/v1/projects/{project_id}/files"))
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        show.console().print(_table(found))


@app.command()
def get(
    file_id: Annotated[UUID, typer.Argument(help="As `proofroom files list` shows it.")],
    output: Annotated[
        Path | None, typer.Option(help="Write it here, or into this folder; else under its own name.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """Download a file."""
    client = connect(url, api_key, data_dir)
    file = client.send("GET", f"/v1/files/{file_id}")
    target = output or Path()
    if target.is_dir():
        target /= Path(file["name"]).name  # never out of the folder, whatever it is called
    if target.exists() and not force:
        raise Conflict(f"{target} is there already.", remedy="Give --force to replace it.")
    unfinished = target.with_name(f"{target.name}.part")
    with unfinished.open("wb") as opened:
        client.download(f"/v1/files/{file_id}/content", opened.write)
    unfinished.replace(target)
    print(json.dumps({**file, "saved": str(target)}, ensure_ascii=False) if as_json else f"{target}")


@app.command()
def retry(
    file_id: Annotated[UUID, typer.Argument(help="As `proofroom files list` shows it.")],
    url: options.Url = None,
    api_key: options.ApiKey = None,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """Have a file's text got once more, after a failure or anew."""
    asked = connect(url, api_key, data_dir).send("POST", f"/v1/files/{file_id}/extraction")
    print(json.dumps(asked, ensure_ascii=False) if as_json else f"{file_id}: {asked['status']}")


def _found(client: Client, project: str) -> str | None:
    """By its id, or the newest of that title."""
    try:
        return str(client.send("GET", f"/v1/projects/{UUID(project)}")["id"])
    except ValueError:
        titled = (each for each in client.listed("/v1/projects") if each["title"] == project)
        return next((str(each["id"]) for each in titled), None)


@contextmanager
def _bar(*, hidden: bool) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=hidden, transient=True) as bar:
        yield bar


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table(Column("id", no_wrap=True, min_width=36), "name", "type", "bytes", "text", box=None)
    for file in found:
        text = file["error"] or file["extraction_status"]
        table.add_row(
            file["id"],
            show.plain(file["name"]),
            file["mime_type"],
            f"{file['size_bytes'] or 0:,}",
            show.plain(text),
        )
    return table
