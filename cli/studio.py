"""`proofroom studio`: LangGraph Studio on our graphs by LangGraph's development server, or on a running service."""

import asyncio
import json
import os
import threading
import time
from contextlib import ExitStack, chdir
from importlib import import_module, resources
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Annotated, Final
from uuid import UUID

import httpx
import typer
from sqlalchemy.exc import OperationalError

from cli import studio_door
from cli.client import find
from cli.database import operator_settings
from cli.options import ApiKey, DataDir, Url
from cli.sockets import listen
from core.db import Database
from core.errors import ConfigurationError, Unavailable
from core.settings import load
from services.checkpoints.studio import graph_of

_CHECKPOINTER: Final = "services.checkpoints.studio.studio_saver"
_START_SECONDS: Final = 60


def studio(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Listen here, on loopback.")] = 2024,
    thread: Annotated[
        UUID | None,
        typer.Option(help="Open this thread of the running service; its database stays as it is."),
    ] = None,
    database_url: Annotated[
        str | None, typer.Option(help="The service's database. [DATABASE_URL, else the data directory's]")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open a browser.")] = False,
    service: Annotated[
        bool, typer.Option("--service", help="Open the running service itself: what is done there, is done.")
    ] = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Open the graphs in LangGraph Studio, offline unless a model is configured."""
    if service:
        studio_door.serve(find(url, api_key, data_dir), port, open_browser=open_browser)
        return
    server = _development_server()
    listen("127.0.0.1", port).close()
    if thread is not None:
        found = database_url or operator_settings(data_dir).database_url.get_secret_value()
        os.environ["PROOFROOM_DATABASE_URL"] = found  # which counts where DATABASE_URL is set, too
    with ExitStack() as stack:
        if thread is not None:
            graph_id = asyncio.run(_graph_of(thread))
            # The server keeps its list of threads where it runs: the next start must not list what it does not have.
            stack.enter_context(chdir(stack.enter_context(TemporaryDirectory())))
            threading.Thread(target=_show, args=(port, thread, graph_id), daemon=True).start()
        server.run_server(
            port=port,
            graphs=_graphs(),
            checkpointer={"path": _CHECKPOINTER} if thread else None,
            open_browser=open_browser,
            # The agents read their prompts and word lists from the package when they are first needed.
            allow_blocking=True,
        )


def _development_server() -> ModuleType:
    try:
        return import_module("langgraph_api.cli")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "LangGraph's development server is not installed.", remedy="pip install 'proofroom[studio]'"
        ) from error


def _graphs() -> dict[str, str]:
    """As langgraph.json exports them: at the repository's root, or packed with the graphs."""
    graphs = Path(str(resources.files("graphs")))
    packed = graphs / "langgraph.json"
    exported: dict[str, dict[str, str]] = json.loads(
        (packed if packed.exists() else graphs.parent / "langgraph.json").read_text()
    )
    return exported["graphs"]


async def _graph_of(thread_id: UUID) -> str:
    database = Database(load())
    try:
        return await graph_of(database, thread_id)
    except OperationalError as error:
        raise Unavailable(
            f"The database does not answer: {str(error.orig).strip()}",
            remedy="Give the running service's --database-url.",
        ) from error
    finally:
        await database.dispose()


def _show(port: int, thread_id: UUID, graph_id: str) -> None:
    """Make the thread known to the development server, which asks its checkpointer for all the rest."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        _await_ready(client)
        known = {
            "thread_id": str(thread_id),
            "metadata": {"graph_id": graph_id},
            "if_exists": "do_nothing",
        }
        client.post("/threads", json=known).raise_for_status()
    print(f"Thread {thread_id} ({graph_id}) is in Studio's list of threads.", flush=True)


def _await_ready(client: httpx.Client) -> None:
    """Raises httpx.TransportError when the server does not come up."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            client.get("/ok").raise_for_status()
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
