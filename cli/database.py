"""Commands of the operator work on the database itself: the service need not run, only its database."""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from cli import data_directory
from core.crypto import Keyring
from core.db import Database
from core.errors import ConfigurationError, FieldError, Invalid
from core.settings import Deployment, Settings, load

ResultT = TypeVar("ResultT")
PASSWORD_LENGTH = range(8, 257)


@dataclass(frozen=True, slots=True)
class Desk:
    settings: Settings
    db: Database
    keyring: Keyring


def at_desk(work: Callable[[Desk], Awaitable[ResultT]], data_dir: Path | None = None) -> ResultT:
    """Do the work on DATABASE_URL, or on the database of the `proofroom up` that runs on the data directory."""
    return asyncio.run(_at_desk(work, operator_settings(data_dir)))


async def _at_desk(work: Callable[[Desk], Awaitable[ResultT]], settings: Settings) -> ResultT:
    db = Database(settings)
    try:
        return await work(Desk(settings, db, Keyring.from_settings(settings)))
    finally:
        await db.dispose()


def operator_settings(data_dir: Path | None) -> Settings:
    configured = load()
    if data_dir is not None:
        configured = configured.model_copy(update={"data_dir": data_dir})
    named = "database_url" in configured.model_fields_set
    running = data_directory.read(configured.data_dir)
    if running is None or (named and running.database_url is not None):
        return configured
    if running.database_url is not None:
        configured = configured.model_copy(update={"database_url": SecretStr(running.database_url)})
    elif not named:
        raise ConfigurationError(
            f"The Proofroom of {configured.data_dir} runs on a database server of yours.",
            remedy="Set DATABASE_URL to what it was given as --database-url.",
        )
    return configured.model_copy(
        update={"deployment": Deployment.EMBEDDED, "simulator_url": running.simulator_url}
    )


def sign_in_url(settings: Settings, token: str) -> str:
    running = data_directory.read(settings.data_dir)
    base = str(settings.public_url) if settings.public_url else running.url if running else None
    return f"{(base or f'http://{settings.host}:{settings.port}').rstrip('/')}/auth/link/{token}"


def read_password() -> str:
    """Asked for twice, unseen; or the first line of standard input. Raises Invalid."""
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = getpass.getpass("New password: ")
        if getpass.getpass("Once more: ") != password:
            raise _bad("The two are not the same.")
    if len(password) not in PASSWORD_LENGTH:
        raise _bad(f"Take {PASSWORD_LENGTH[0]} to {PASSWORD_LENGTH[-1]} characters.")
    return password


def _bad(detail: str) -> Invalid:
    return Invalid("This is no password.", errors=[FieldError("password", detail)])
