"""`proofroom files …`: what projects are written from."""

import json
import mimetypes
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import typer

from cli import calls, options, tables
from cli.client import Client, connect
from cli.given import find_or_create_project
from cli.reading import await_text
from cli.uploading import upload_all
from core.errors import Conflict

_COLUMNS: Final = ("id", "name", "mime_type", "size_bytes", "extraction_status", "error")

app = calls.application(
    "Put files into projects, list them, get them and their text back.",
    _COLUMNS,
    calls.listing("/v1/projects/{project_id}/files", "The newest first.", calls.project(required=True)),
    calls.showing("/v1/files/{file_id}", "All that is known of a file."),
)


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
    ids = upload_all(client, find_or_create_project(client, project), paths, quiet=as_json)
    tables.listed([client.send("GET", f"/v1/files/{each}") for each in ids], _COLUMNS, as_json=as_json)


@app.command()
def text(
    file_id: Annotated[UUID, typer.Argument(help="As `list` shows it.")],
    form: Annotated[
        Literal["text", "srt", "vtt"], typer.Option("--format", help="srt and vtt: of a recording.")
    ] = "text",
    url: options.Url = None,
    api_key: options.ApiKey = None,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """A file's text, as soon as it is there; with --json its places, too. Exit code 1 where there is none."""
    client = connect(url, api_key, data_dir)
    found = await_text(client, str(file_id))
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    elif form != "text":
        pieces: list[bytes] = []
        client.download(f"/v1/files/{file_id}/transcription?format={form}", pieces.append)
        print(b"".join(pieces).decode(), end="")
    elif found["status"] == "completed":
        print(found["text"])
    if found["status"] != "completed":
        if not as_json:
            typer.echo(f"proofroom: {found['error']}", err=True)
        raise typer.Exit(1)


_Output = Annotated[
    Path | None, typer.Option(help="Write it here, or into this folder; else under its own name.")
]
_Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]


@app.command()
def get(
    file_id: Annotated[UUID, typer.Argument(help="As `list` shows it.")],
    output: _Output = None,
    force: _Force = False,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """Download a file."""
    client = connect(url, api_key, data_dir)
    file = client.send("GET", f"/v1/files/{file_id}")
    saved = _save(client, f"/v1/files/{file_id}/content", file["name"], output, force)
    _tell_saved(file, saved, as_json)


calls.add(
    app,
    ("id", "status", "start", "end", "quote"),
    calls.Call(
        "retry",
        "Have its text got once more, after a failure or anew.",
        "POST",
        "/v1/files/{file_id}/extraction",
    ),
    calls.Call(
        "link",
        "Make an address that opens it without signing in, until it expires.",
        "POST",
        "/v1/files/{file_id}/links",
        (calls.Value("expires_in", "Seconds; else an hour. Seven days at most.", int),),
    ),
    calls.Call(
        "publish",
        "Open it to whoever has its address.",
        "PUT",
        "/v1/files/{file_id}/public",
        body={"public": True},
    ),
    calls.Call(
        "unpublish",
        "Close it again.",
        "PUT",
        "/v1/files/{file_id}/public",
        body={"public": False},
    ),
    calls.deleting("/v1/files/{file_id}", "Delete a file.", "Delete the file?"),
    calls.Call(
        "find-clips", "Look for a recording's ten best passages.", "POST", "/v1/files/{file_id}/clips"
    ),
    calls.listing("/v1/files/{file_id}/clips", "Those that were found, the best first.", name="clips"),
    calls.Call("cut-clip", "Cut a passage out of its recording.", "POST", "/v1/clips/{clip_id}/cut"),
)


@app.command("get-clip")
def get_clip(
    clip_id: Annotated[UUID, typer.Argument(help="As `clips` shows it.")],
    output: _Output = None,
    force: _Force = False,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """Download a passage that was cut out."""
    client = connect(url, api_key, data_dir)
    clip = client.send("GET", f"/v1/clips/{clip_id}")
    name = f"clip-{clip_id}{mimetypes.guess_extension(clip['mime_type'] or '') or ''}"
    _tell_saved(clip, _save(client, f"/v1/clips/{clip_id}/content", name, output, force), as_json)


def _save(client: Client, address: str, name: str, output: Path | None, force: bool) -> Path:
    """Raises ProofroomError. Whole or not at all."""
    target = output or Path()
    if target.is_dir():
        target /= Path(name).name  # never out of the folder, whatever it is called
    if target.exists() and not force:
        raise Conflict(f"{target} is there already.", remedy="Give --force to replace it.")
    unfinished = target.with_name(f"{target.name}.part")
    try:
        with unfinished.open("wb") as opened:
            client.download(address, opened.write)
        return unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _tell_saved(found: dict[str, Any], saved: Path, as_json: bool) -> None:
    print(json.dumps({**found, "saved": str(saved)}, ensure_ascii=False) if as_json else saved)
