"""What the API answers, as a person or a program reads it."""

import json
from datetime import datetime
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cli import show

_WIDTHS: Final = {"id": 36, "at": 16, "for": 16}
"""Of ids and times, by the end of their names: never broken."""


def listed(found: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    """`columns` are paths into an item: `status`, `rule.platforms`."""
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    if not found:
        show.console().print("There are none.", style="dim")
        return
    names = [path.rpartition(".")[2].replace("_", " ") for path in columns]
    widths = [_WIDTHS.get(name.rpartition(" ")[2]) for name in names]
    table = Table(box=None)
    for name, width in zip(names, widths, strict=True):
        table.add_column(name, overflow="fold", min_width=width, no_wrap=width is not None)
    for item in found:
        table.add_row(*(_cell(_at(item, path)) for path in columns))
    show.console().print(table)


def answer(found: dict[str, Any], *, as_json: bool) -> None:
    """One thing, with all that is known of it."""
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    if not found:
        show.console().print("Done.")
        return
    show.console().print(_grid(found))


def _grid(found: dict[str, Any]) -> Table:
    """What is not there is left out."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, value in found.items():
        if value not in (None, [], {}):
            grid.add_row(name.replace("_", " "), _cell(value))
    return grid


def _at(item: Any, path: str) -> Any:
    if isinstance(item, list):
        return [_at(each, path) for each in item]
    name, _, rest = path.partition(".")
    found = item.get(name) if item else None
    return _at(found, rest) if rest else found


def _cell(value: Any) -> RenderableType:
    match value:
        case None:
            return Text("–", "dim")
        case bool():
            return Text("yes" if value else "no")
        case int() | float():
            return Text(f"{value:,}")
        case str():
            return _moment(value) or show.plain(value)
        case dict():
            return _grid(value)
        case list() if any(isinstance(each, dict) for each in value):
            return Group(*map(_cell, value))
        case _:
            return show.plain(", ".join(map(str, value)))


def _moment(value: str) -> Text | None:
    """In the zone of this machine, if that is what it is."""
    if len(value) < len("2027-01-31T09:00:00Z") or value[10] != "T":
        return None
    try:
        return Text(f"{datetime.fromisoformat(value).astimezone():%Y-%m-%d %H:%M}")
    except ValueError:
        return None
