"""The kinds of fields that many schemas share."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

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
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest, pattern=r"\S")


def _decimal(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        try:
            return Decimal(value)
        except InvalidOperation:
            pass
    raise ValueError('Give the amount as a decimal string, such as "12.50".')


def _amount(value: Decimal) -> Decimal:
    if not value.is_finite() or value < 0 or value >= 10**6 or value != round(value, 6):
        raise ValueError("Give an amount from 0 to 999999.999999 with at most six decimals.")
    return value


def _written(value: Decimal) -> str:
    return format(value, "f")


Money = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    PlainSerializer(_written, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "examples": ["12.50"]}),
]
"""US dollars."""
MoneyIn = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    AfterValidator(_amount),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,6}(\.[0-9]{1,6})?$", "examples": ["25.00"]}),
]
Time = AwareDatetime
Facts = dict[str, JsonValue]
"""A JSON object that we keep and do not read."""
