"""`proofroom …`: finds the command and loads nothing else.

Exit codes: 0 done, 1 it failed, 2 the command line is wrong, 3 the configuration is wrong, 4 not found,
5 not signed in or not allowed, 6 it conflicts with what has happened meanwhile, 7 unavailable, try again later,
130 interrupted.
"""

import json
import sys
from collections.abc import Callable
from http import HTTPStatus
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Final, NamedTuple

import typer

from core import collector
from core.errors import ConfigurationError, ProofroomError, Unavailable


class Command(NamedTuple):
    """`target` is a typer application or a plain function, as `module:name`."""

    target: str
    help: str
    hidden: bool = False


COMMANDS: Final = {
    "up": Command("cli.up:up", "Start everything on this machine: database, API, worker, simulators."),
    "write": Command(
        "cli.write:write", "Have an article, a page or standard input drafted for each platform."
    ),
    "review": Command("cli.review:review", "Go through the drafts that wait for a decision."),
    "files": Command("cli.files:app", "Put files into projects, list them, get them back."),
    "feeds": Command("cli.feeds:app", "Follow RSS and Atom feeds: what is new in them is drafted."),
    "demo": Command("cli.demo:demo", "The whole way from an example article to a published post."),
    "api": Command("cli.serve:api", "Serve the HTTP API."),
    "worker": Command("cli.serve:worker", "Advance threads, publish, run the queue."),
    "migrate": Command("cli.migrate:app", "Bring the database up to date, or show and move its version."),
    "validate-schema": Command(
        "cli.migrate:validate_schema", "Prove that the database is what it should be."
    ),
    "doctor": Command("cli.doctor:doctor", "Say what is stuck, failed or unknown, and what mends it."),
    "users": Command("cli.users:app", "People: list, add, sign-in links, lost passwords."),
    "keys": Command("cli.keys:app", "Secret keys and API keys: make, rotate, revoke."),
    "mcp": Command("cli.mcp:mcp", "Give a model the tools, over standard input and output (MCP)."),
    "studio": Command("cli.studio:studio", "Open the graphs in LangGraph Studio."),
    "simulators": Command("cli.serve:simulators", "Serve the simulated platforms.", hidden=True),
}
_EXIT_CODES: Final = {
    HTTPStatus.NOT_FOUND: 4,
    HTTPStatus.UNAUTHORIZED: 5,
    HTTPStatus.FORBIDDEN: 5,
    HTTPStatus.CONFLICT: 6,
    HTTPStatus.TOO_MANY_REQUESTS: 7,
    HTTPStatus.SERVICE_UNAVAILABLE: 7,
}
_AS_GIVEN: Final = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


def main() -> None:
    collector.start()
    try:
        _application()()
    except Exception as raised:
        error = _expected(raised)
        if error is None:
            raise
        _show(error)
        sys.exit(exit_code(error))


def _expected(raised: Exception) -> ProofroomError | None:
    """What a person is told in one line; None for a bug, which wants its traceback."""
    if isinstance(raised, ProofroomError):
        return raised
    loaded = sys.modules.get("sqlalchemy.exc")  # not loaded: then it is not of the database
    if loaded is not None and isinstance(raised, loaded.OperationalError):
        reason = str(raised.orig).strip().splitlines()[0]
        return Unavailable(f"The database does not answer: {reason}", remedy="Is `proofroom up` running?")
    loaded = sys.modules.get("core.crypto")
    if loaded is not None and isinstance(raised, loaded.Undecryptable):
        return ConfigurationError(str(raised), remedy="Give this command the keys that the service has.")
    return None


def exit_code(error: ProofroomError) -> int:
    return 3 if isinstance(error, ConfigurationError) else _EXIT_CODES.get(error.status, 1)


def _application() -> typer.Typer:
    application = _plain(no_args_is_help=True)
    application.callback()(_proofroom)
    for name, command in COMMANDS.items():
        forward = _forward(name, command.target)
        application.command(name, help=command.help, hidden=command.hidden, context_settings=_AS_GIVEN)(
            forward
        )
    return application


def _plain(*, no_args_is_help: bool = False) -> typer.Typer:
    return typer.Typer(no_args_is_help=no_args_is_help, add_completion=False, pretty_exceptions_enable=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"proofroom {version('proofroom')}")
        raise typer.Exit


def _proofroom(
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Language models draft, a person approves exactly those words, and they go out on time, once, on the record."""


def _forward(name: str, target: str) -> Callable[[typer.Context], None]:
    """Each command's module is loaded only when it is called: with all of them `--help` takes seconds."""

    def run(context: typer.Context) -> None:
        module, attribute = target.split(":")
        found = getattr(import_module(module), attribute)
        if not isinstance(found, typer.Typer):
            function, found = found, _plain()
            found.command(help=function.__doc__)(function)
        typer.main.get_command(found).main(args=context.args, prog_name=f"proofroom {name}")

    return run


def _show(error: ProofroomError) -> None:
    if "--json" in sys.argv:
        problem = {
            "code": error.code,
            "detail": error.detail,
            "remedy": error.remedy,
            "retryable": error.retryable,
            "errors": [{"pointer": each.pointer, "detail": each.detail} for each in error.errors],
        }
        print(json.dumps(problem), file=sys.stderr)
        return
    said = [error.detail.rstrip(".")]
    for each in error.errors:
        if each.detail.rstrip(".") not in error.detail and f"{each.pointer}: {each.detail}" not in said[0]:
            said.append(f"{each.pointer}: {each.detail.rstrip('.')}")
    remedy = (error.remedy or "").rstrip(".")
    if remedy and "`errors`" not in remedy and not any(remedy in part for part in said):
        said.append(remedy)
    print(f"proofroom: {'. '.join(said)}.", file=sys.stderr)


if __name__ == "__main__":
    main()
