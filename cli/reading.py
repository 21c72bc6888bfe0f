"""The text of a file, waited for."""

from contextlib import nullcontext
from typing import Any, Final

from rich.console import Console

from cli.client import Client

_WAIT_SECONDS: Final = 25


def await_text(client: Client, file_id: str) -> dict[str, Any]:
    """As soon as it is there or has failed. Says on standard error how far it is."""
    out = Console(stderr=True)
    found = client.send("GET", f"/v1/files/{file_id}/text")
    if not _moves(found):
        return found
    if not out.is_terminal:
        out.print("Waiting for the file's text …")
    with out.status("") if out.is_terminal else nullcontext() as status:
        while _moves(found):
            if status:
                status.update(f"Waiting for the file's text … {found['progress']} %")
            found = client.send("GET", f"/v1/files/{file_id}/text", wait=_WAIT_SECONDS)
    return found


def _moves(found: dict[str, Any]) -> bool:
    return found["status"] in {"pending", "processing"}
