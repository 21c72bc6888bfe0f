"""Options that several commands share."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from core.errors import FieldError, Invalid

Url = Annotated[
    str | None,
    typer.Option("--url", help="The service's address; else the one that runs here.", envvar="PROOFROOM_URL"),
]
ApiKey = Annotated[
    str | None,
    typer.Option(help="An API key; else the owner's in the data directory.", envvar="PROOFROOM_API_KEY"),
]
DataDir = Annotated[
    Path | None,
    typer.Option(help="Where `proofroom up` keeps its data. [PROOFROOM_DATA_DIR, else .proofroom]"),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")]
Schedule = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="Publish then, e.g. '2027-01-31 09:00' (local time) or with an offset."
    ),
]


def moment(given: str | None, name: str = "schedule") -> str | None:
    """As RFC 3339 with an offset. Raises Invalid."""
    if given is None:
        return None
    try:
        return datetime.fromisoformat(given).astimezone().isoformat()
    except ValueError as error:
        detail = f"{given!r} is not a time."
        raise Invalid(
            detail,
            remedy="Write it like 2027-01-31T09:00 or 2027-01-31T09:00+01:00.",
            errors=[FieldError(f"--{name}", detail)],
        ) from error
