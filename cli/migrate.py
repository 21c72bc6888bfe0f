"""`proofroom migrate …` and `proofroom validate-schema`."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import typer

from cli.database import operator_settings
from core.db import Database
from migrations import run
from services.operations.schema import validate

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Json = Annotated[bool, typer.Option("--json", help="Answer with JSON.")]


@app.callback(invoke_without_command=True)
def migrate(context: typer.Context) -> None:
    """Bring the database up to date; or show and move its version."""
    if context.invoked_subcommand is None:
        upgrade()


@app.command()
def upgrade(revision: Annotated[str, typer.Argument(help="A revision, or head.")] = "head") -> None:
    """Move forward, by default to the newest version, with LangGraph's and the queue's tables."""
    settings = operator_settings(None)
    run.upgrade(settings, revision)
    print(f"The database is at {run.current(settings)}.")


@app.command(context_settings={"ignore_unknown_options": True})  # else -1 is taken for one
def downgrade(
    revision: Annotated[str, typer.Argument(help="A revision, -1 for one step, or base for nothing at all.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Move back. What newer versions store is lost."""
    if not yes:
        typer.confirm(f"Downgrade to {revision}? What newer versions store is lost.", abort=True)
    settings = operator_settings(None)
    run.downgrade(settings, revision)
    print(f"The database is at {run.current(settings) or 'base'}.")


@app.command()
def current(as_json: Json = False) -> None:
    """The database's version, and the newest one."""
    now, newest = run.current(operator_settings(None)), run.head()
    if as_json:
        print(json.dumps({"current": now, "head": newest}))
    else:
        print(f"{now or 'base'}{' (head)' if now == newest else f', head is {newest}'}")


@app.command()
def history(as_json: Json = False) -> None:
    """Every version, the newest first; * marks the database's."""
    revisions = run.history(operator_settings(None))
    if as_json:
        print(json.dumps([asdict(revision) for revision in revisions]))
        return
    for revision in revisions:
        print(f"{'*' if revision.current else ' '} {revision.id}  {revision.title}")


def validate_schema(as_json: Json = False) -> None:
    """Compare the database with what this version expects, and prove that triggers and policies work."""
    differences = asyncio.run(_validate())
    if as_json:
        print(json.dumps(differences))
    elif differences:
        print("\n".join(differences))
    else:
        print("The database is what it should be: compared, and its triggers and policies proved.")
    if differences:
        raise typer.Exit(1)


async def _validate() -> list[str]:
    database = Database(operator_settings(None))
    try:
        return await validate(database)
    finally:
        await database.dispose()
