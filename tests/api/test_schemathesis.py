"""Every operation of the OpenAPI document under generated calls, right and wrong ones, on a workspace full of work.

In the suite a glance, always the same one. `FUZZ_EXAMPLES=100 FUZZ_SEED=1` takes the boundaries of every schema as well,
and looks as much further as there are examples, elsewhere with each seed.
"""

import asyncio
import os
import re
from collections.abc import Iterator
from copy import deepcopy
from itertools import cycle
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from schemathesis import hooks
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.settings import Settings
from tests.plugins.api import PASSWORD, Api
from tests.plugins.tenant import Tenant

SEED = os.environ.get("FUZZ_SEED")
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))
SHARES = 4 if SEED else 2
"""Tests that the operations are dealt out to, so that they run side by side; each makes a workspace full of work."""
STREAM_SECONDS = 0.2
WAIT_SECONDS = 0.1
PATIENCE_SECONDS = 120
"""For an answer: on a busy machine one takes long, and only one that never comes is a failure."""
_HASH = re.compile(r"[0-9a-f]{64}")
_PROMISES = {
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
}

if SEED:
    pytestmark = pytest.mark.timeout(0)  # as long as it takes

Ids = dict[str, list[str]]


@schemathesis.serializer("message/rfc822")
def mail(_: Any, value: Any) -> bytes:
    return str(value).encode(errors="surrogatepass")


class CutStreams:
    """Event streams have no end of their own: this one leaves after what is there at first."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].endswith("/events"):
            await self.app(scope, receive, send)
            return
        streams = False

        async def leave_soon() -> Message:
            await asyncio.sleep(STREAM_SECONDS)
            return {"type": "http.disconnect"}

        async def watch(message: Message) -> None:
            nonlocal streams
            if message["type"] == "http.response.start":
                streams = dict(message["headers"])[b"content-type"].startswith(b"text/event-stream")
            elif not message.get("more_body"):
                streams = False
            await send(message)

        await self.app(scope, leave_soon, watch)
        if streams:
            await send({"type": "http.response.body", "body": b""})


class Caller:
    """Calls as the tenant's owner, and has generated ids and hashes stand for some that exist."""

    def __init__(self, token: str, to_be_ended: list[str], ids: Ids, hashes: list[str]) -> None:
        self._token = token
        self._to_be_ended = cycle(to_be_ended)
        self._ids = ids
        self._hashes = hashes

    def adapt(self, case: Any) -> None:
        for part in ("path_parameters", "query", "body"):
            given = getattr(case, part)
            if (meant := self._meant(part, given)) != given:  # what is set is validated, and bytes cannot be
                setattr(case, part, meant)
        for name, value in case.headers.items():
            case.headers[name] = self._meant(name, value)
        logout = case.operation.path.endswith("/logout")
        case.headers["Authorization"] = f"Bearer {next(self._to_be_ended) if logout else self._token}"

    def _meant(self, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._meant(key, item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._meant(name, item) for item in value]
        if name == "wait" and re.fullmatch(r"\d+(\.\d+)?", str(value)):
            return min(float(value), WAIT_SECONDS)
        if not isinstance(value, str):
            return value
        if name == "seen_hash" and _HASH.fullmatch(value):
            return self._hashes[int(value, 16) % len(self._hashes)]
        return self._existing(name, value)

    def _existing(self, name: str, value: str) -> str:
        try:
            number = UUID(value).int
        except ValueError:
            return value
        known = self._ids.get(name, [])
        return known[number % len(known)] if known and number % 5 else value


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"requests_per_minute": 1_000_000})


@pytest.fixture
def api(api: Api) -> Api:
    api.app.add_middleware(CutStreams)
    return api


@pytest.fixture
async def schema(document: dict[str, Any], tenant: Tenant, live_url: str) -> Any:
    caller = await _caller(tenant)

    def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
        caller.adapt(case)

    load_all_checks()
    schemathesis.hook(before_call)
    yield schemathesis.openapi.from_dict(deepcopy(document), config=_config(live_url))
    hooks.unregister(before_call)


@pytest.mark.parametrize("share", range(SHARES))
async def test_generated_calls_are_answered_as_documented(schema: Any, share: int) -> None:
    labels = [operation.ok().label for operation in schema.get_all_operations()]
    await _run(
        schema.include(name=labels[share::SHARES]), "examples", "fuzzing", *(["coverage"] if SEED else [])
    )


async def test_calls_that_follow_from_each_other_are_answered_as_documented(schema: Any) -> None:
    await _run(schema, "stateful")


async def _run(schema: Any, *phases: str) -> None:
    schema.config.phases.update(phases=[*phases])
    failures = await asyncio.to_thread(lambda: list(_failures(schema)))
    assert not failures, "\n\n".join(failures)


def _failures(schema: Any) -> Iterator[str]:
    checked: set[str] = set()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            yield f"{event.label}: {event.value!r}"
        elif isinstance(event, events.FatalError):
            yield repr(event.exception)
        elif isinstance(event, events.ScenarioFinished):
            checked |= {check.name for checks in event.recorder.checks.values() for check in checks}
            yield from _broken(event)
    if missing := _PROMISES - checked:
        yield f"Nothing was checked for {missing}."


def _broken(event: events.ScenarioFinished) -> Iterator[str]:
    for checks in event.recorder.checks.values():
        for check in checks:
            if info := check.failure_info:
                yield f"{event.label}: {info.failure.title}\n{info.failure.message}\n{info.code_sample}"


async def _caller(tenant: Tenant) -> Caller:
    to_be_ended = [await _sign_in(tenant) for _ in range(3)]
    others = await tenant.scene.rows(
        "SELECT id FROM user_sessions WHERE user_id = :id ORDER BY created_at OFFSET 1",
        id=tenant.owner.user_id,
    )
    ids = {name: [str(each) for each in found] for name, found in (await tenant.ids()).items()}
    ids |= {
        "session_id": [str(row["id"]) for row in others],
        "X-Workspace-Id": [str(tenant.owner.workspace_id)],
        "assignee": ids["user_id"],
        "assignee_id": ids["user_id"],
        "style_sample_ids": ids["resource_id"],
    }
    token = tenant.owner.headers["Authorization"].removeprefix("Bearer ")
    return Caller(token, to_be_ended, ids, [row["seen_hash"] for row in await tenant.pending()])


async def _sign_in(tenant: Tenant) -> str:
    body = {"username": tenant.owner.username, "password": PASSWORD}
    token: str = (await tenant.owner.post("/v1/auth/login", json=body)).json()["access_token"]
    return token


def _config(url: str) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": int(SEED or 0),
            "base-url": url,
            "continue-on-failure": True,
            "request-timeout": PATIENCE_SECONDS,
            # They are about how fast calls are generated, and how many are thrown away: about the machine and the seed.
            "suppress-health-check": ["all"],
            "generation": {
                "max-examples": EXAMPLES,
                "deterministic": SEED is None,
                "database": "none",
                "with-security-parameters": False,  # either credential does
            },
            "checks": {
                # It takes a header that it has left out for one that it has spoiled.
                "negative_data_rejection": {"enabled": False},
                # A schema cannot say that a project must exist, or that a time is past.
                "positive_data_acceptance": {"enabled": False},
                # Another test calls every operation without a credential.
                "ignored_auth": {"enabled": False},
                # What is revoked or disconnected stays on the record, and may be revoked again.
                "use_after_free": {"enabled": False},
            },
            # To the other methods the last word of /v1/reviews/decisions is an id, and a wrong one.
            "phases": {"coverage": {"unexpected-methods": ["put", "trace", "options"]}},
        }
    )
