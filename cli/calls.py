"""Commands that are one call of the API each, made from tables, so that all of them take, show and fail in one way."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Formatter
from typing import Annotated, Any
from uuid import UUID

import typer

from cli import options, tables
from cli.client import Client, connect
from cli.given import object_of, project_of, text_of
from core.errors import Invalid


@dataclass(frozen=True, slots=True)
class Value:
    """`name` is the API's: of the path, of the body, or of the query where nothing is sent."""

    name: str
    help: str
    kind: Any = str
    read: Callable[[Client, Any], Any] = lambda _, given: given
    flag: str = ""
    required: bool = False
    argument: bool = False

    @property
    def parameter(self) -> inspect.Parameter:
        if self.argument:
            return _parameter(self.name, Annotated[self.kind, typer.Argument(help=self.help)])
        flag = self.flag or f"--{self.name.replace('_', '-')}"
        option = typer.Option(f"{flag}/--no-{flag[2:]}" if self.kind is bool else flag, help=self.help)
        if self.required:
            return _parameter(self.name, Annotated[self.kind, option])
        return _parameter(self.name, Annotated[self.kind | None, option], None)


@dataclass(frozen=True, slots=True)
class Call:
    """`path` names its values in braces; those that are not among `takes` are ids."""

    name: str
    help: str
    method: str
    path: str
    takes: tuple[Value, ...] = ()
    body: Mapping[str, Any] = field(default_factory=dict)
    """What is always sent."""
    within: str = ""
    """The object of the body that the values are of. The API takes it as a whole, so what is not said is kept."""
    question: str = ""
    """Asked before, unless --yes."""
    lists: bool = False
    table: str = ""
    """The list in the answer that is shown as a table, below the rest."""
    is_text: bool = False
    """The answer is no JSON."""


def listing(path: str, about: str, *takes: Value, name: str = "list") -> Call:
    return Call(name, about, "GET", path, takes, lists=True)


def showing(path: str, about: str) -> Call:
    return Call("show", about, "GET", path)


def creating(path: str, about: str, first: Value, *takes: Value, name: str = "create") -> Call:
    """`first` stands without a flag."""
    return Call(name, about, "POST", path, (replace(first, argument=True), *takes))


def updating(path: str, about: str, *takes: Value, method: str = "PATCH", within: str = "") -> Call:
    changes = tuple(replace(each, required=False) for each in takes)
    return Call("update", about, method, path, changes, within=within)


def deleting(path: str, about: str, question: str, name: str = "delete") -> Call:
    return Call(name, about, "DELETE", path, question=question)


def text(name: str, about: str, **more: Any) -> Value:
    """A long one."""
    return Value(name, f"{about} @FILE is read from there, @- from standard input.", read=text_of, **more)


def time(name: str, about: str, **more: Any) -> Value:
    return Value(name, about, read=lambda _, given: options.moment(given, name), **more)


def words(name: str, about: str, flag: str) -> Value:
    """Several; an empty one takes those away that were."""
    return Value(
        name, f"{about} Repeatable; '' for none.", list[str], lambda _, given: list(filter(None, given)), flag
    )


def pairs(name: str, about: str, flag: str) -> Value:
    return Value(name, f"{about} NAME=VALUE, repeatable.", list[str], object_of, flag)


def project(**more: Any) -> Value:
    return Value("project_id", "A project's id or title.", read=project_of, flag="--project", **more)


class Commands(typer.Typer):
    """Those of one subject. `calls` are what stands in tables, without those that are written as functions."""

    def __init__(self) -> None:
        super().__init__(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
        self.calls: list[Call] = []


def application(about: str, columns: tuple[str, ...], *calls: Call) -> Commands:
    """`columns` of its tables, as paths into an item."""
    made = Commands()
    made.callback(help=about)(lambda: None)
    return add(made, columns, *calls)


def add(made: Commands, columns: tuple[str, ...], *calls: Call) -> Commands:
    made.calls += calls
    for call in calls:
        made.command(call.name, help=call.help)(_command(call, columns))
    return made


def _command(call: Call, columns: tuple[str, ...]) -> Callable[..., None]:
    """A function that has, for typer, the call's values as its parameters."""
    described = {value.name for value in call.takes}
    in_path = [name for _, name, _, _ in Formatter().parse(call.path) if name]
    ids = [
        Value(name, "As `list` shows it.", UUID, argument=True) for name in in_path if name not in described
    ]
    values = [*ids, *call.takes]
    parameters = [value.parameter for value in values] + list(_options(call))

    def run(
        *,
        service: str | None,
        api_key: str | None,
        data_dir: Path | None,
        as_json: bool = False,
        **given: Any,
    ) -> None:
        if call.question and not given["yes"]:
            typer.confirm(call.question, abort=True)
        client = connect(service, api_key, data_dir)
        said = {
            each.name: each.read(client, given[each.name]) for each in values if given[each.name] is not None
        }
        path = call.path.format(**{name: said.pop(name) for name in in_path})
        if call.is_text:
            print(client.text(path), end="")
        elif call.lists:
            tables.listed(list(client.listed(path, limit=given["limit"], **said)), columns, as_json=as_json)
        elif call.table:
            tables.answer_with_table(
                client.send(call.method, path, None, **said), call.table, columns, as_json=as_json
            )
        elif call.method in {"GET", "DELETE"}:
            tables.answer(client.send(call.method, path, None, **said), as_json=as_json)
        else:
            tables.answer(client.send(call.method, path, _body(call, client, path, said)), as_json=as_json)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # which is where typer looks
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _options(call: Call) -> Iterator[inspect.Parameter]:
    """What no value of the API is."""
    if call.question:
        yield _parameter("yes", Annotated[bool, typer.Option("--yes", help="Do not ask.")], False)
    if call.lists:
        limit = typer.Option(min=1, help="At most so many; else all.")
        yield _parameter("limit", Annotated[int | None, limit], None)
    yield _parameter("service", options.Url, None)
    yield _parameter("api_key", options.ApiKey, None)
    yield _parameter("data_dir", options.DataDir, None)
    if not call.is_text:
        yield _parameter("as_json", options.Json, False)


def _body(call: Call, client: Client, path: str, said: dict[str, Any]) -> dict[str, Any]:
    """Raises Invalid for an update that changes nothing."""
    if call.name == "update":
        if not said:
            raise Invalid("Nothing is to be changed.", remedy="--help says what can be.")
        if call.method == "PUT":  # which replaces the whole
            before = client.send("GET", path)
            said = {value.name: before[value.name] for value in call.takes} | said
        if call.within:
            said = client.send("GET", path)[call.within] | said
    return {**call.body, **({call.within: said} if call.within else said)}


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
