"""`proofroom users …`: for the operator, on the database itself."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from api.schemas.auth import Person
from cli.database import Desk, at_desk, read_password, sign_in_url
from cli.options import DataDir, Json
from core.errors import FieldError, Invalid
from services.access import users

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Username = Annotated[str, typer.Argument(help="The user's name.")]


@app.callback()
def people() -> None:
    """People: list, add, sign-in links, lost passwords."""


@app.command("list")
def list_users(data_dir: DataDir = None, as_json: Json = False) -> None:
    """Everybody, the oldest first."""
    found = at_desk(lambda desk: users.browse(desk.db, desk.keyring), data_dir)
    if as_json:
        print(json.dumps([asdict(user) for user in found], default=str))
        return
    table = Table("user", "e-mail", "since", "last seen", box=None)
    for user in found:
        seen = f"{user.last_seen_at:%Y-%m-%d %H:%M}" if user.last_seen_at else "never"
        table.add_row(user.username, user.email, f"{user.created_at:%Y-%m-%d}", seen)
    Console().print(table)


@app.command()
def add(
    username: Username,
    email: str,
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a password, or read it from standard input.")
    ] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Add somebody, whatever registration is set to; prints a link that signs them in once."""
    _check(username, email)
    secret = read_password() if password else None

    async def work(desk: Desk) -> str:
        token = await users.add(
            desk.db, desk.keyring, desk.settings, username=username, email=email, password=secret
        )
        return sign_in_url(desk.settings, token)

    _show_link(at_desk(work, data_dir), as_json)


@app.command()
def link(username: Username, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Print a link that signs the user in once, within the hour."""

    async def work(desk: Desk) -> str:
        return sign_in_url(desk.settings, await users.make_link(desk.db, username))

    _show_link(at_desk(work, data_dir), as_json)


@app.command("reset-password")
def reset_password(username: Username, data_dir: DataDir = None) -> None:
    """Set a new password, asked for or read from standard input; ends all of the user's sessions."""
    secret = read_password()
    at_desk(lambda desk: users.set_password(desk.db, username, secret), data_dir)
    print(f"{username} has a new password and is signed out everywhere.")


def _show_link(url: str, as_json: bool) -> None:
    print(json.dumps({"url": url}) if as_json else f"Sign in once, within the hour: {url}")


def _check(username: str, email: str) -> None:
    try:
        Person(username=username, email=email)
    except ValidationError as error:
        fields = [FieldError(str(item["loc"][0]), item["msg"]) for item in error.errors()]
        raise Invalid("This user cannot be added.", errors=fields) from None
