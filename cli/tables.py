"""What the API answers, as a person or a program reads it."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli import show

_LONG: Final = frozenset(
    {"title", "name", "description", "content", "quote", "rule", "url", "note", "error", "detail"}
)
_LONG_WIDTH: Final = 16
_SHOWN: Final = 120
"""Characters of a cell."""
_ONE_LINE: Final = 10_000
"""So wide that a row is a line, for other programs."""


def listed(found: list[dict[str, Any]], columns: tuple[str, ...], *, as_json: bool) -> None:
    """`columns` are paths into an item: `status`, `rule.platforms`."""
    out = show.console()
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    elif not found:
        out.print("There are none.", style="dim")
    else:
        rows = [[_short(_at(item, path)) for path in columns] for item in found]
        widths = [_width(path, cells) for path, cells in zip(columns, zip(*rows, strict=True), strict=True)]
        if not out.is_terminal:
            Console(width=_ONE_LINE, highlight=False).print(_table(columns, widths, rows))
        elif sum(widths) + 2 * len(widths) <= out.width:
            out.print(_table(columns, widths, rows))
        else:
            for item in found:
                out.print(_grid({path: _at(item, path) for path in columns}), "")


def _table(columns: Sequence[str], widths: Sequence[int], rows: Sequence[Sequence[Text]]) -> Table:
    table = Table(box=None)
    for path, width in zip(columns, widths, strict=True):
        table.add_column(_name(path), overflow="fold", min_width=width)
    for cells in rows:
        table.add_row(*cells)
    return table


def _width(path: str, cells: Sequence[Text]) -> int:
    """The least that will do: a name of several words may stand in several lines."""
    widest = max(*_name(path).split(), *(cell.plain for cell in cells), key=cell_len)
    return min(cell_len(widest), _LONG_WIDTH) if _is_long(path) else cell_len(widest)


def _is_long(path: str) -> bool:
    return path.rpartition(".")[2].rpartition("_")[2] in _LONG


def _name(path: str) -> str:
    return path.rpartition(".")[2].replace("_", " ")


def _short(value: Any) -> Text:
    text = _text(value)
    line = " ".join(text.plain.split())
    return Text(line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…", text.style)


def answer(found: dict[str, Any], *, as_json: bool) -> None:
    """One thing, with all that is known of it."""
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    if not found:
        show.console().print("Done.")
        return
    out = show.console()
    width = max(map(len, found))
    for name, value in found.items():
        if value in (None, [], {}):
            continue
        label, shown = Text(f"{name.replace('_', ' '):{width}}  ", "dim"), _cell(value)
        if isinstance(shown, Text) and "\n" not in shown.plain:
            out.print(label + shown, soft_wrap=True)  # an address stays whole
        else:
            out.print(label, Padding(shown, (0, 0, 0, 4)), sep="\n")


def answer_with_table(found: dict[str, Any], name: str, columns: tuple[str, ...], *, as_json: bool) -> None:
    """One thing, and below it the list in it that is called `name`."""
    if as_json:
        answer(found, as_json=True)
        return
    answer({key: value for key, value in found.items() if key != name}, as_json=False)
    listed(found[name], columns, as_json=False)


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
    if isinstance(value, dict):
        return _grid(value)
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        return Group(*map(_cell, value))
    return _text(value)


def _text(value: Any) -> Text:
    match value:
        case None:
            return Text("–", "dim")
        case bool():
            return Text("yes" if value else "no")
        case int() | float():
            return Text(f"{value:,}")
        case str():
            return _moment(value) or show.plain(value)
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
