"""Expected failures. The class name is the error code of the API; each says what is wrong and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One invalid field; `pointer` is a JSON pointer (RFC 6901) into the request body, e.g. `/platforms/0`."""

    pointer: str
    detail: str


class ProofroomError(Exception):
    """Base of every failure that a caller is told about (RFC 9457 fields)."""

    status: ClassVar[int] = HTTPStatus.INTERNAL_SERVER_ERROR
    title: ClassVar[str] = "Something went wrong"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        detail: str,
        *,
        remedy: str | None = None,
        errors: Sequence[FieldError] = (),
        retry_after: float | None = None,
        extra: dict[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.extra = extra or {}

    @property
    def code(self) -> str:
        return type(self).__name__


class NotFound(ProofroomError):
    """Also what somebody else's thing looks like."""

    status = HTTPStatus.NOT_FOUND
    title = "Not found"


class Unauthenticated(ProofroomError):
    status = HTTPStatus.UNAUTHORIZED
    title = "Sign in first"


class InvalidToken(Unauthenticated):
    """A bearer token that is somebody's elsewhere does not hold; `detail` has nothing of the token, and is ASCII (RFC 6750)."""

    title = "The token is not valid"


class Forbidden(ProofroomError):
    status = HTTPStatus.FORBIDDEN
    title = "Not allowed"


class Conflict(ProofroomError):
    status = HTTPStatus.CONFLICT
    title = "Conflict"


class Invalid(ProofroomError):
    """The request is well-formed and cannot be done as it stands; `errors` name the fields."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Invalid request"


class TooLarge(ProofroomError):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "Too large"


class RateLimitExceeded(ProofroomError):
    status = HTTPStatus.TOO_MANY_REQUESTS
    title = "Too many requests"
    retryable = True


class Unavailable(ProofroomError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Temporarily unavailable"
    retryable = True


class BudgetExceeded(ProofroomError):
    """A model call was refused because it would break the workspace's budget."""

    status = HTTPStatus.PAYMENT_REQUIRED
    title = "Budget exceeded"


class ConfigurationError(ProofroomError):
    """The service cannot start as it is configured; `detail` names the variable."""
