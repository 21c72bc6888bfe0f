"""Answers as LangGraph's clients read them."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.responses import Response


def answer(content: object, headers: Mapping[str, str] | None = None) -> Response:
    """As it is: a state may be big, and has nothing in it that must be checked."""
    return Response(orjson.dumps(content), media_type="application/json", headers=headers)


def paged(rows: Sequence[Mapping[str, Any]], offset: int, more: bool) -> Response:
    """`X-Pagination-Total` counts what is known to be there; `X-Pagination-Next` is the next offset, if there is more."""
    end = offset + len(rows)
    headers = {"X-Pagination-Total": str(end + 1 if more else end)}
    if more:
        headers["X-Pagination-Next"] = str(end)
    return answer(rows, headers)
