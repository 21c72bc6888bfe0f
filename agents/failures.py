"""Why a model's answer did not come or cannot be used, told without the key and without the prompt."""

import re
from dataclasses import dataclass
from http import HTTPStatus

import openai
from pydantic import ValidationError

from agents.base import ModelFailed, ModelRefused
from core.http import retry_after

_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS}
_CODE = re.compile(r"[a-z][a-z0-9_]{1,63}")
_NO_CREDIT = "insufficient_quota"


class RefusedAnswer(Exception):
    """The model declined in the answer itself."""


@dataclass(frozen=True, slots=True)
class Failure:
    cause: str
    passing: bool = True
    """Another attempt may succeed."""
    unanswered: bool = False
    """The request was turned away before the model read it."""
    exhausted: bool = False
    """The answer took all the tokens that a call may have."""
    retry_after: float | None = None
    remedy: str | None = None

    def error(self, model: str, attempts: int) -> ModelFailed:
        tried = "" if attempts == 1 else f" after {attempts} attempts"
        kind = ModelFailed if self.passing else ModelRefused
        return kind(f"{model}: {self.cause}{tried}.", remedy=self.remedy, retry_after=self.retry_after)


def failure_of(error: Exception) -> Failure:
    """The messages of servers and parsers are left out: they repeat keys, prompts and drafts."""
    match error:
        case RefusedAnswer() | openai.ContentFilterFinishReasonError():
            return Failure(
                "the model declined to answer", passing=False, remedy="Change the brief or the model."
            )
        case openai.LengthFinishReasonError():
            cause = "the answer was longer than a call may be"
            return Failure(cause, passing=False, exhausted=True, remedy="Ask for a shorter text.")
        case openai.APIStatusError():
            return _status(error)
        case TimeoutError() | openai.APITimeoutError():
            return Failure("no complete answer in time")
        case openai.APIConnectionError():
            return Failure("the connection failed or was cut")
        case openai.APIError():
            return Failure(f"the server broke off its answer{_code(error)}")
        case ValidationError():
            return Failure(f"the answer does not fit what was asked for ({_misfit(error)})")
        case _:
            return Failure(f"the answer could not be read ({type(error).__name__})")


def _status(error: openai.APIStatusError) -> Failure:
    cause = f"HTTP {error.status_code}{_code(error)}"
    if error.code == _NO_CREDIT:
        return Failure(cause, passing=False, unanswered=True, remedy="Add credit at the model's provider.")
    if error.status_code in _PASSING or error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Failure(cause, unanswered=True, retry_after=retry_after(error.response.headers))
    return Failure(cause, passing=False, unanswered=True, remedy=_REMEDIES.get(error.status_code))


_REMEDIES: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "Check OPENAI_API_KEY.",
    HTTPStatus.FORBIDDEN: "Check what OPENAI_API_KEY is allowed to use.",
    HTTPStatus.NOT_FOUND: "Check OPENAI_BASE_URL and the name of the model.",
    HTTPStatus.BAD_REQUEST: "Check that the model takes structured outputs and a text of this length.",
}


def _code(error: openai.APIError) -> str:
    code = error.code
    return f" ({code})" if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _misfit(error: ValidationError) -> str:
    places = {
        f"{'.'.join(map(str, problem['loc'])) or 'answer'}: {problem['type']}"
        for problem in error.errors(include_input=False, include_url=False, include_context=False)
    }
    return ", ".join(sorted(places)[:3])
