"""What the API says to do, as the command that does it: `POST /v1/posts/{id}/unpublish` is `proofroom posts unpublish ID`."""

import re
from collections.abc import Mapping
from typing import Final

from cli.calls import Commands

_CALL: Final = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/v1/[\w/{}-]+)(?:\?[\w=&{}-]+)?")


def spoken(remedy: str, commands: Mapping[str, Commands]) -> str:
    """A call for which there is no command stays."""
    return _CALL.sub(lambda found: _command(found[1], found[2], commands) or found[0], remedy)


def _command(method: str, path: str, commands: Mapping[str, Commands]) -> str | None:
    for name, made in commands.items():
        for call in made.calls:
            same = re.fullmatch(re.sub(r"\{\w+\}", "([^/]+)", call.path), path)
            if same and call.method == method and not call.body:
                ids = [each.strip("{}").upper() if each.startswith("{") else each for each in same.groups()]
                return f"`{' '.join(['proofroom', name, call.name, *ids])}`"
    return None
