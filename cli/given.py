"""What is typed on a command line, as the API wants it."""

import sys
from pathlib import Path
from typing import Final
from uuid import UUID

from cli.client import Client
from core.errors import Invalid, NotFound

UPLOADS: Final = "Uploads"
"""The project of what was given without one, as the pages call it."""


def read_text(file: str) -> str:
    """`-` is standard input. Raises NotFound or Invalid."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not a text in UTF-8.") from error


def text_of(_: Client, given: str) -> str:
    """Raises NotFound or Invalid."""
    return read_text(given[1:]) if given.startswith("@") else given


def object_of(_: Client, given: list[str]) -> dict[str, str]:
    """Raises Invalid."""
    return dict(_pair(each) for each in given)


def _pair(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not equals or not name:
        raise Invalid(f"{given!r} is not NAME=VALUE.")
    return name, value


def project_of(client: Client, given: str) -> str:
    """A project's id, by its id or the newest of that title. Raises NotFound."""
    found = find_project(client, given)
    if found is None:
        raise NotFound(
            f"There is no project {given!r}.", remedy=f"`proofroom projects create {given!r}` makes one."
        )
    return found


def find_project(client: Client, given: str) -> str | None:
    """Raises NotFound for an id that is nobody's."""
    try:
        return str(client.send("GET", f"/v1/projects/{UUID(given)}")["id"])
    except ValueError:
        titled = (each for each in client.listed("/v1/projects") if each["title"] == given)
        return next((str(each["id"]) for each in titled), None)


def find_or_create_project(client: Client, given: str) -> str:
    """Raises NotFound for an id that is nobody's."""
    return find_project(client, given) or str(client.send("POST", "/v1/projects", {"title": given})["id"])


def platforms_of(given: str) -> list[str]:
    return [name.strip() for name in given.split(",") if name.strip()]
