"""`proofroom …`: finds the command and loads nothing else.

Exit codes: 0 done, 1 it failed, 2 the command line is wrong, 3 the configuration is wrong, 4 not found,
5 not signed in or not allowed, 6 it conflicts with what has happened meanwhile, 7 unavailable, try again later,
130 interrupted.
"""

import json
import sys
from http import HTTPStatus
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, Final, NamedTuple

import typer
from typer.core import TyperGroup

from core import collector
from core.errors import ConfigurationError, ProofroomError, Unavailable


class Command(NamedTuple):
    """`target` is a typer application or a plain function, as `module:name`."""

    target: str
    help: str
    group: str = "Operate"
    hidden: bool = False


_WRITE, _KEPT, _OUT, _TEAM = "Write and decide", "What is kept", "What goes out", "The workspace"
COMMANDS: Final = {
    "up": Command(
        "cli.up:up", "Start everything on this machine: database, API, worker, simulators.", _WRITE
    ),
    "write": Command(
        "cli.write:write", "Have a text, a page, a document or a recording drafted for each platform.", _WRITE
    ),
    "review": Command("cli.review:review", "Go through the drafts that wait for a decision.", _WRITE),
    "demo": Command("cli.demo:demo", "The whole way from an example article to a published post.", _WRITE),
    "projects": Command("cli.library:projects", "What belongs together.", _KEPT),
    "files": Command("cli.files:app", "Documents and recordings, with their text.", _KEPT),
    "outputs": Command("cli.library:outputs", "What was written in a project.", _KEPT),
    "feeds": Command("cli.feeds:app", "RSS and Atom feeds: what is new in them is drafted.", _KEPT),
    "templates": Command("cli.library:templates", "Kinds of posts, with fields to fill in.", _KEPT),
    "samples": Command("cli.library:samples", "Texts to sound like.", _KEPT),
    "style-rules": Command("cli.library:style_rules", "Rules that were learnt from edits.", _KEPT),
    "profile": Command("cli.library:profile", "Your name and your tone of voice.", _KEPT),
    "workflows": Command("cli.outgoing:workflows", "What was started, and how far it is.", _OUT),
    "jobs": Command("cli.outgoing:jobs", "What was approved, and what became of it.", _OUT),
    "posts": Command("cli.outgoing:posts", "What is out, and how to take it back.", _OUT),
    "accounts": Command("cli.outgoing:accounts", "Where posts go out.", _OUT),
    "lists": Command("cli.library:lists", "Mailing lists and who is on them.", _OUT),
    "bounce": Command("cli.bounce:bounce", "Take in a mail server's report of what came back.", _OUT),
    "webhooks": Command("cli.workspace:webhooks", "Addresses that are told what happens.", _TEAM),
    "members": Command("cli.workspace:members", "Who works here, and what they may do.", _TEAM),
    "invitations": Command("cli.workspace:invitations", "Let somebody in.", _TEAM),
    "api-keys": Command("cli.workspace:api_keys", "Keys for programs.", _TEAM),
    "budgets": Command("cli.workspace:budgets", "What language models may cost.", _TEAM),
    "usage": Command("cli.workspace:usage", "What they took and cost.", _TEAM),
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
_EXIT_CODES: Final[dict[int, int]] = {
    HTTPStatus.NOT_FOUND: 4,
    HTTPStatus.UNAUTHORIZED: 5,
    HTTPStatus.FORBIDDEN: 5,
    HTTPStatus.CONFLICT: 6,
    HTTPStatus.TOO_MANY_REQUESTS: 7,
    HTTPStatus.SERVICE_UNAVAILABLE: 7,
}


class _Lazy(TyperGroup):
    """Each command's module is loaded only when it is called: with all of them `--help` takes seconds."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, found, rest = super().resolve_command(ctx, args)
        if found is not None and name in COMMANDS:
            found = load(name)
        return name, found, rest


def main() -> None:
    collector.start()
    try:
        _application()(prog_name="proofroom")
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
    application = typer.Typer(cls=_Lazy, no_args_is_help=True, pretty_exceptions_enable=False)
    application.callback()(_proofroom)
    for name, command in COMMANDS.items():
        application.command(name, help=command.help, hidden=command.hidden, rich_help_panel=command.group)(
            lambda: None
        )
    return application


def load(name: str) -> Any:
    found = _target(name)
    if not isinstance(found, typer.Typer):
        function, found = found, typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        found.command(help=function.__doc__)(function)
    return typer.main.get_command(found)


def _target(name: str) -> Any:
    module, attribute = COMMANDS[name].target.split(":")
    return getattr(import_module(module), attribute)


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


def _remedy(error: ProofroomError) -> str | None:
    """Loads what it takes to name a command, and only then."""
    if not error.remedy or "/v1/" not in error.remedy:
        return error.remedy
    from cli import calls, remedies

    loaded = {name: _target(name) for name, each in COMMANDS.items() if each.group in {_KEPT, _OUT, _TEAM}}
    made = {name: found for name, found in loaded.items() if isinstance(found, calls.Commands)}
    return remedies.spoken(error.remedy, made)


def _show(error: ProofroomError) -> None:
    told = _remedy(error)
    if "--json" in sys.argv:
        problem = {
            "code": error.code,
            "detail": error.detail,
            "remedy": told,
            "retryable": error.retryable,
            "errors": [{"pointer": each.pointer, "detail": each.detail} for each in error.errors],
        }
        print(json.dumps(problem), file=sys.stderr)
        return
    said = [error.detail.rstrip(".")]
    for each in error.errors:
        if each.detail.rstrip(".") not in error.detail and f"{each.pointer}: {each.detail}" not in said[0]:
            said.append(f"{each.pointer}: {each.detail.rstrip('.')}")
    remedy = (told or "").rstrip(".")
    if remedy and "`errors`" not in remedy and not any(remedy in part for part in said):
        said.append(remedy)
    line = ". ".join(said)
    print(f"proofroom: {line}{'' if line.endswith('?') else '.'}", file=sys.stderr)


if __name__ == "__main__":
    main()
