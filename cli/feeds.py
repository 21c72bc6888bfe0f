"""`proofroom feeds …`: what is new elsewhere, drafted here."""

import json
from typing import Annotated, Final
from uuid import UUID

import typer

from cli import calls, options, show, tables
from cli.client import connect
from cli.given import platforms_of, project_of

_COLUMNS: Final = ("id", "title", "rule.platforms", "status", "error", "fetched_at")

app = calls.application(
    "Follow feeds: what is new in them is drafted.",
    _COLUMNS,
    calls.listing("/v1/feeds", "The feeds that are followed, the newest first."),
    calls.showing("/v1/feeds/{feed_id}", "A feed with its rule."),
    calls.Call(
        "rename",
        "Call it otherwise than it calls itself.",
        "PATCH",
        "/v1/feeds/{feed_id}",
        (calls.Value("title", "", argument=True),),
    ),
    calls.updating(
        "/v1/feeds/{feed_id}",
        "Change what is named here of its rule, which then starts workflows in your name.",
        calls.Value(
            "platforms",
            "With commas: x,linkedin,blog,instagram,email",
            read=lambda _, given: platforms_of(given),
        ),
        calls.words("include", "Only entries with one of these words.", "--include"),
        calls.words("exclude", "No entries with one of these words.", "--exclude"),
        calls.Value("max_per_day", "So many workflows start in a day at most.", int),
        calls.Value(
            "content",
            "Write from the page that an entry links to, or from the entry.",
            bool,
            lambda _, given: "page" if given else "entry",
            "--page",
        ),
        calls.project(),
        calls.Value("start", "Start nothing by itself.", bool, lambda _, given: not given, "--hold"),
        within="rule",
    ),
)


@app.command()
def add(
    address: Annotated[str, typer.Argument(help="Of a feed, or of a page that has one.")],
    platforms: Annotated[str, typer.Option(help="With commas: x,linkedin,blog,instagram,email")],
    include: Annotated[
        list[str] | None, typer.Option(help="Only entries with one of these words; repeatable.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="No entries with one of these words; repeatable.")
    ] = None,
    max_per_day: Annotated[int, typer.Option(help="So many workflows start in a day at most.")] = 5,
    page: Annotated[bool, typer.Option("--page", help="Write from the page that an entry links to.")] = False,
    project: Annotated[str | None, typer.Option(help="A project's id or title.")] = None,
    backfill: Annotated[int, typer.Option(help="Start so many of the entries that are there.")] = 0,
    hold: Annotated[bool, typer.Option("--hold", help="Start nothing by itself.")] = False,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """Follow a feed. What is in it already starts nothing."""
    client = connect(url, api_key, data_dir)
    rule = {
        "start": not hold,
        "platforms": platforms_of(platforms),
        "include": include or [],
        "exclude": exclude or [],
        "max_per_day": max_per_day,
        "content": "page" if page else "entry",
        "project_id": project_of(client, project) if project else None,
    }
    made = client.send("POST", "/v1/feeds", {"url": address, "rule": rule, "backfill": backfill})
    if as_json:
        print(json.dumps(made, ensure_ascii=False))
        return
    tables.listed([made], _COLUMNS, as_json=False)
    for entry in made["entries"]:
        show.console().print(
            show.plain(f"  {entry['title'] or entry['url'] or entry['guid']} ({entry['status']})")
        )


@app.command()
def fetch(
    feed_id: Annotated[UUID, typer.Argument(help="As `list` shows it.")],
    url: options.Url = None,
    api_key: options.ApiKey = None,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """Fetch a feed now. Exit code 1 when that fails."""
    found = connect(url, api_key, data_dir).send("POST", f"/v1/feeds/{feed_id}/fetch")
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        said = found["error"] or f"Workflows started: {found['started']}."
        show.console().print(show.plain(said), soft_wrap=True)
    if found["error"]:
        raise typer.Exit(1)


calls.add(
    app,
    ("id", "status", "title", "url", "workflow_id", "note"),
    calls.listing("/v1/feeds/{feed_id}/entries", "What was in a feed, the newest first.", name="entries"),
    calls.Call("start", "Have one entry drafted.", "POST", "/v1/feeds/{feed_id}/entries/{entry_id}/start"),
    calls.Call("pause", "Fetch it no more.", "PATCH", "/v1/feeds/{feed_id}", body={"status": "paused"}),
    calls.Call("resume", "Fetch it again.", "PATCH", "/v1/feeds/{feed_id}", body={"status": "active"}),
    calls.deleting("/v1/feeds/{feed_id}", "Follow it no more; its workflows stay.", "Delete the feed?"),
)
