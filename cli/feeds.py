"""`proofroom feeds …`: what is new elsewhere, drafted here."""

import json
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from cli import options, show
from cli.client import connect

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def feeds() -> None:
    """Follow feeds, list them, fetch one now."""


@app.command()
def add(
    address: Annotated[str, typer.Argument(help="Of a feed, or of a page that has one.")],
    platforms: Annotated[str, typer.Option(help="With commas: x,linkedin,blog")],
    include: Annotated[
        list[str] | None, typer.Option(help="Only entries with one of these words; repeatable.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="No entries with one of these words; repeatable.")
    ] = None,
    max_per_day: Annotated[int, typer.Option(help="So many workflows start in a day at most.")] = 5,
    page: Annotated[bool, typer.Option("--page", help="Write from the page that an entry links to.")] = False,
    project: Annotated[UUID | None, typer.Option(help="A project's id.")] = None,
    backfill: Annotated[int, typer.Option(help="Start so many of the entries that are there.")] = 0,
    hold: Annotated[bool, typer.Option("--hold", help="Start nothing by itself.")] = False,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """Follow a feed. What is in it already starts nothing."""
    rule = {
        "start": not hold,
        "platforms": [name.strip() for name in platforms.split(",")],
        "include": include or [],
        "exclude": exclude or [],
        "max_per_day": max_per_day,
        "content": "page" if page else "entry",
        "project_id": str(project) if project else None,
    }
    client = connect(url, api_key, data_dir)
    made = client.send("POST", "/v1/feeds", {"url": address, "rule": rule, "backfill": backfill})
    if as_json:
        print(json.dumps(made, ensure_ascii=False))
        return
    out = show.console()
    out.print(_table([made]))
    for entry in made["entries"]:
        out.print(show.plain(f"  {entry['title'] or entry['url'] or entry['guid']} ({entry['status']})"))


@app.command("list")
def list_feeds(
    url: options.Url = None,
    api_key: options.ApiKey = None,
    data_dir: options.DataDir = None,
    as_json: options.Json = False,
) -> None:
    """The feeds that are followed, the newest first."""
    found = list(connect(url, api_key, data_dir).listed("/v1/feeds"))
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        show.console().print(_table(found))


@app.command()
def fetch(
    feed_id: Annotated[UUID, typer.Argument(help="As `proofroom feeds list` shows it.")],
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


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table("id", "title", "platforms", "state", "fetched", box=None)
    for feed in found:
        table.add_row(
            feed["id"],
            show.plain(feed["title"] or feed["url"]),
            ", ".join(feed["rule"]["platforms"]),
            show.plain(f"{feed['status']}: {feed['error']}" if feed["error"] else feed["status"]),
            feed["fetched_at"] or "never",
        )
    return table
