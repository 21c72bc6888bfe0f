"""Commands that are one call of the API each, made from tables, so that all of them take, show and fail in one way."""

import inspect
from collections.abc import Callable, Mapping
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
    """The object of the body that the values make up."""
    question: str = ""
    """Asked before, unless --yes."""
    lists: bool = False


def listing(path: str, about: str, *takes: Value, name: str = "list") -> Call:
    return Call(name, about, "GET", path, takes, lists=True)


def showing(path: str, about: str) -> Call:
    return Call("show", about, "GET", path)


def creating(path: str, about: str, first: Value, *takes: Value, name: str = "create") -> Call:
    """`first` stands without a flag."""
    return Call(name, about, "POST", path, (replace(first, argument=True), *takes))


def updating(path: str, about: str, *takes: Value, method: str = "PATCH") -> Call:
    return Call("update", about, method, path, tuple(replace(each, required=False) for each in takes))


def deleting(path: str, about: str, question: str, name: str = "delete") -> Call:
    return Call(name, about, "DELETE", path, question=question)


def text(name: str, about: str, **more: Any) -> Value:
    """A long one."""
    return Value(name, f"{about} @FILE is read from there, @- from standard input.", read=text_of, **more)


def pairs(name: str, about: str, flag: str) -> Value:
    return Value(name, f"{about} NAME=VALUE, repeatable.", list[str], object_of, flag)


def project(**more: Any) -> Value:
    return Value("project_id", "A project's id or title.", read=project_of, flag="--project", **more)


def application(about: str, columns: tuple[str, ...], *calls: Call) -> typer.Typer:
    """`columns` of its tables, as paths into an item."""
    made = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    made.callback(help=about)(lambda: None)
    return add(made, columns, *calls)


def add(made: typer.Typer, columns: tuple[str, ...], *calls: Call) -> typer.Typer:
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
    parameters = [value.parameter for value in values]
    if call.question:
        parameters.append(
            _parameter("yes", Annotated[bool, typer.Option("--yes", help="Do not ask.")], False)
        )
    if call.lists:
        limit = typer.Option(min=1, help="At most so many; else all.")
        parameters.append(_parameter("limit", Annotated[int | None, limit], None))
    parameters += [
        _parameter("service", options.Url, None),
        _parameter("api_key", options.ApiKey, None),
        _parameter("data_dir", options.DataDir, None),
        _parameter("as_json", options.Json, False),
    ]

    def run(
        *, service: str | None, api_key: str | None, data_dir: Path | None, as_json: bool, **given: Any
    ) -> None:
        if call.question and not given["yes"]:
            typer.confirm(call.question, abort=True)
        client = connect(service, api_key, data_dir)
        said = {
            each.name: each.read(client, given[each.name]) for each in values if given[each.name] is not None
        }
        path = call.path.format(**{name: said.pop(name) for name in in_path})
        if call.lists:
            tables.listed(list(client.listed(path, limit=given["limit"], **said)), columns, as_json=as_json)
            return
        if call.name == "update":
            if not said:
                raise Invalid("Nothing is to be changed.", remedy="--help says what can be.")
            if call.method == "PUT":  # which replaces the whole
                before = client.send("GET", path)
                said = {value.name: before[value.name] for value in call.takes} | said
        body = {**call.body, **({call.within: said} if call.within else said)}
        sent = None if call.method in {"GET", "DELETE"} else body
        tables.answer(client.send(call.method, path, sent), as_json=as_json)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # which is where typer looks
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
