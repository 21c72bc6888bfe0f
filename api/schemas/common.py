"""The kinds of fields that many schemas share."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    JsonValue,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

LAST_YEAR: Final = 2199


class Body(BaseModel):
    """What callers send: a field that we do not know is a mistake of theirs."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Patch(Body):
    """A change of what is named; fields that must not become null default to a value that nobody reads."""

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class Answer(BaseModel):
    """What callers get, read from rows and dataclasses alike."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


def filled(longest: int) -> StringConstraints:
    """Text with something in it; blanks around it are not kept."""
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


def not_blank(value: str) -> str:
    """A check and no pattern: generators of test data cannot join one with a length of a million."""
    if not value.strip():
        raise ValueError("This is blank.")
    return value


def _amount(value: object) -> Decimal:
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise ValueError('Give a decimal string from "0" to "999999.999999".')
    return Decimal(value)


def _written(value: Decimal) -> str:
    return f"{value:.6f}"


def _no_number(value: object) -> object:
    """Seconds or milliseconds since 1970 would be guessed at by their size."""
    if isinstance(value, datetime) or (isinstance(value, str) and "-" in value.strip()[1:]):
        return value
    raise ValueError("Give a time with an offset, as RFC 3339 writes it: 2027-01-31T09:00:00+01:00.")


def _plausible(value: datetime) -> datetime:
    if value.year > LAST_YEAR:
        raise ValueError(f"This is after the year {LAST_YEAR}.")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("In UTC this is before the year 1 or after the year 9999.") from None


_AMOUNT: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_SCHEMA: Final = WithJsonSchema({"type": "string", "pattern": f"^{_AMOUNT.pattern}$", "examples": ["25.00"]})

Money = Annotated[
    Decimal,
    PlainSerializer(_written, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+\.[0-9]{6}$", "examples": ["12.500000"]}),
]
"""US dollars, always with six decimals."""
MoneyIn = Annotated[Decimal, BeforeValidator(_amount), _SCHEMA]
Time = AwareDatetime
TimeIn = Annotated[AwareDatetime, BeforeValidator(_no_number), AfterValidator(_in_utc)]
Future = Annotated[AwareDatetime, BeforeValidator(_no_number), AfterValidator(_plausible)]
"""A time to come, with an offset; the services say whether it has passed already."""
Facts = dict[str, JsonValue]
"""A JSON object that we keep and do not read."""
