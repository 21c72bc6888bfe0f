"""`?metadata=`: lists of what callers have given words of their own to."""

from typing import Annotated, Final

from fastapi import Depends, Query
from pydantic import StrictBool, StrictInt, StringConstraints, TypeAdapter, ValidationError

from core.errors import FieldError, Invalid

Word = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$")]

_PAIRS: Final = TypeAdapter(dict[Word, Word | StrictBool | StrictInt])


async def _pairs(
    metadata: Annotated[
        str | None,
        Query(
            max_length=4000,
            description="A JSON object: those whose `metadata` has all of these values, compared as texts. "
            "What fewest have comes first.",
            examples=['{"ticket": "NEWS-7"}'],
        ),
    ] = None,
) -> dict[str, str] | None:
    if metadata is None:
        return None
    try:
        pairs = _PAIRS.validate_json(metadata)
    except ValidationError as error:
        detail = "Give a JSON object of strings, whole numbers and booleans."
        raise Invalid(detail, errors=[FieldError("query.metadata", detail)]) from error
    return {name: _written(value) for name, value in pairs.items()}


def _written(value: str | bool | int) -> str:
    """As PostgreSQL writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


Pairs = Annotated[dict[str, str] | None, Depends(_pairs)]
