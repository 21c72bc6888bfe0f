"""`proofroom keys …`: the keys that encrypt, and the keys of programs."""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table

from cli.database import Desk, at_desk, operator_settings
from cli.options import DataDir, Json
from core.crypto import INDEX, KEY_FILE, Keyring, generate_key, load_or_create
from core.principal import Scope
from models import ApiKey
from services import pages
from services.access import api_keys, users
from services.operations import rotation

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def keys() -> None:
    """Secret keys and API keys: make, rotate, revoke."""


@app.command()
def generate(
    version: Annotated[str | None, typer.Option(help="The key's name; by default the time.")] = None,
    add: Annotated[bool, typer.Option("--add", help="Put it first in the data directory's file.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Make a secret key. Put it first in PROOFROOM_SECRET_KEYS, restart everything, then `proofroom keys rotate`."""
    entry = generate_key(version or f"{datetime.now(UTC):%Y%m%d%H%M%S}")
    if not add:
        print(entry)
        return
    file = _prepend(entry, operator_settings(data_dir).data_dir)
    print(f"The new key is the first in {file}. Restart `proofroom up`, then run `proofroom keys rotate`.")


@app.command()
def rotate(data_dir: DataDir = None) -> None:
    """Encrypt everything with the newest secret key, and say what may become of the older ones."""

    async def work(desk: Desk) -> tuple[int, Keyring]:
        return await rotation.rotate(desk.db, desk.keyring), desk.keyring

    count, keyring = at_desk(work, data_dir)
    print(f"{count} values were encrypted anew.")
    if keyring.index_version not in {INDEX, keyring.newest}:
        print(
            f"The key {keyring.index_version} encrypts nothing any more but still finds e-mail addresses: do not "
            f"take it away, write `{INDEX}` in place of its version."
        )


@app.command()
def create(
    username: Annotated[str, typer.Argument(help="Whom the key acts for.")],
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scope: Annotated[list[Scope], typer.Option(help="May be given several times.")],
    workspace: Annotated[str | None, typer.Option(help="Its slug; else the user's personal one.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="How long it holds; else for ever.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make an API key; it is shown this once."""

    async def work(desk: Desk) -> tuple[ApiKey, str]:
        owner = await users.acting(desk.db, username, workspace)
        expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
        async with desk.db.tenant(owner.workspace_id, owner.user_id) as session:
            return await api_keys.create(session, owner, name=name, scopes=scope, expires_at=expires_at)

    key, secret = at_desk(work, data_dir)
    print(json.dumps({"id": str(key.id), "key": secret}) if as_json else secret)


@app.command("list")
def list_keys(
    username: Annotated[str, typer.Argument(help="Whose workspace.")],
    workspace: Annotated[str | None, typer.Option(help="Its slug; else the user's personal one.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """The API keys of a workspace, the newest first; without their secrets."""

    async def work(desk: Desk) -> Sequence[ApiKey]:
        owner = await users.acting(desk.db, username, workspace)
        async with desk.db.tenant(owner.workspace_id, owner.user_id) as session:
            return await pages.whole(partial(api_keys.browse, session))

    found = at_desk(work, data_dir)
    if as_json:
        print(json.dumps([_facts(key) for key in found]))
        return
    table = Table(Column("id", no_wrap=True), "name", "begins", "scopes", "last used", "state", box=None)
    for key in found:
        used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
        state = "revoked" if key.revoked_at else "active"
        table.add_row(str(key.id), key.name, f"{key.prefix}…", " ".join(key.scopes), used, state)
    Console().print(table)


@app.command()
def revoke(
    key_id: Annotated[UUID, typer.Argument(help="As `list` shows it.")], data_dir: DataDir = None
) -> None:
    """End an API key, at once and for good."""

    async def work(desk: Desk) -> None:
        async with desk.db.service() as session:
            await api_keys.revoke(session, key_id)

    at_desk(work, data_dir)
    print("The key is revoked.")


def _facts(key: ApiKey) -> dict[str, object]:
    return {
        "id": str(key.id),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }


def _prepend(entry: str, data_dir: Path) -> Path:
    """Whole or not at all, and never readable by anybody else."""
    file, fresh = data_dir / KEY_FILE, data_dir / f"{KEY_FILE}.new"
    entries = [entry, *load_or_create(data_dir)]
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write("".join(f"{line}\n" for line in entries))
        opened.flush()
        os.fsync(descriptor)
    return fresh.replace(file)
