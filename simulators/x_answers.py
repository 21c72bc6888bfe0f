"""How X answers what it does not take, and whose credentials it takes."""

import re
import time
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.simulated import x_token
from simulators.faults import Answers, Refusal

POSTS = 100
WINDOW = 15 * 60
PROBLEM = "https://api.twitter.com/2/problems/"
_TOKEN = re.compile(r"Bearer (sim-x-([a-z0-9_-]{1,64}))")
_APP_ONLY = "Bearer sim-app-only"

Body = TypeVar("Body", bound=BaseModel)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


def problem(
    status: int, title: str, detail: str, kind: str = "about:blank", headers: dict[str, str] | None = None
) -> Response:
    return JSONResponse({"title": title, "detail": detail, "type": kind, "status": status}, status, headers)


def limited(seconds: float) -> Response:
    headers = {
        "x-rate-limit-limit": str(POSTS),
        "x-rate-limit-remaining": "0",
        "x-rate-limit-reset": str(int(time.time() + seconds)),
    }
    return problem(429, "Too Many Requests", "Too Many Requests", headers=headers)


def duplicate(_: float = 0) -> Response:
    return problem(403, "Forbidden", "You are not allowed to create a Tweet with duplicate content.")


ANSWERS: Answers = {
    "rate_limited": limited,
    "unauthorized": lambda _: problem(401, "Unauthorized", "Unauthorized"),
    "payment_required": lambda _: problem(
        402,
        "CreditsDepleted",
        "Your enrolled account does not have any credits to fulfill this request.",
        f"{PROBLEM}credits",
    ),
    "upgrade_required": lambda _: problem(426, "Upgrade Required", "Upgrade Required"),
    "duplicate": duplicate,
}


def account_of(request: Request) -> str:
    """Raises Refusal for a token that is none, or that speaks for no user."""
    authorization = request.headers.get("authorization", "")
    if authorization == _APP_ONLY:
        detail = "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint."
        raise Refusal(
            problem(403, "Unsupported Authentication", detail, f"{PROBLEM}unsupported-authentication")
        )
    found = _TOKEN.fullmatch(authorization)
    if found is None or found[1] != x_token(found[2]):
        raise Refusal(problem(401, "Unauthorized", "Unauthorized"))
    return found[2]


def not_found(tweet_id: str) -> dict[str, JsonValue]:
    return {
        "title": "Not Found Error",
        "detail": f"Could not find tweet with id: [{tweet_id}].",
        "value": tweet_id,
        "resource_type": "tweet",
        "type": f"{PROBLEM}resource-not-found",
    }


def body_of(model: type[Body], raw: bytes) -> Body:
    """Raises Refusal."""
    try:
        return model.model_validate_json(raw)
    except ValidationError as invalid:
        errors = [{"message": f"$.{'.'.join(map(str, e['loc']))}: {e['msg']}"} for e in invalid.errors()]
        body = {
            "errors": errors,
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": f"{PROBLEM}invalid-request",
        }
        raise Refusal(JSONResponse(body, 400)) from invalid
