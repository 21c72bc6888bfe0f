"""The SDK's newer way with a thread: commands, and one stream of all that happens on it (`client.threads.stream`)."""

from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import Field, JsonValue, ValidationError, field_validator
from starlette.responses import Response

from api.deps import Db, SettingsOf, Viewer, Work
from api.langgraph import thread_following
from api.langgraph.answers import answer
from api.langgraph.run_bodies import RunCreate
from api.langgraph.runs import Follows, wanted
from api.langgraph.schemas import Body
from api.route import router as new_router
from api.sse import EventStream, encoded
from core.errors import Conflict, Forbidden, Invalid, NotFound, ProofroomError
from core.principal import Principal
from services.protocol import run_starts, thread_views
from services.protocol.run_answers import UnknownInterrupt
from services.protocol.thread_events import CHANNELS, Event, Telling

router = new_router("/threads/{thread_id}", "langgraph", documented=False)


class Command(Body):
    id: int
    method: str = Field(max_length=100)
    params: dict[str, JsonValue] = Field(default_factory=dict)


class Subscribe(Body):
    channels: Annotated[list[str], Field(min_length=1, max_length=50)]
    namespaces: list[list[str]] | None = None
    since: int | None = Field(None, ge=0)

    @field_validator("channels")
    @classmethod
    def _are_known(cls, value: list[str]) -> list[str]:
        unknown = [name for name in value if name not in CHANNELS and not name.startswith("custom:")]
        if unknown:
            raise ValueError(f"There is no channel {unknown[0]!r}. There are {', '.join(sorted(CHANNELS))}.")
        return value

    @property
    def of_root(self) -> bool:
        """The graphs have no subgraphs: there is no other namespace."""
        return self.namespaces is None or [] in self.namespaces


@router.post("/commands")
async def take_command(
    thread_id: UUID, body: Command, principal: Viewer, work: Work, db: Db, settings: SettingsOf
) -> Response:
    """What is refused is told as this protocol tells it: with 200, `"type": "error"` and why."""
    try:
        run = await wanted(
            await _run(body, thread_id, principal, db), thread_id, principal, settings, may_create=True
        )
        session = await work.begin()
        async with session.begin_nested():
            begun = await run_starts.create(session, principal, run)
    except (ProofroomError, RequestValidationError, ValidationError) as error:
        return answer({"type": "error", "id": body.id, "error": _code(error), "message": _message(error)})
    result = {"run_id": str(begun.id)} if body.method == "run.start" else {}
    return answer({"type": "success", "id": body.id, "result": result})


@router.post("/stream/events")
async def stream_events(
    thread_id: UUID, body: Subscribe, principal: Viewer, following: Follows
) -> EventStream:
    """From the thread's beginning, or after the event with the number `since`; until who reads leaves."""
    async with following.db.reading(principal.workspace_id, principal.user_id) as connection:
        await thread_views.find(connection, thread_id)
    channels, since = body.channels if body.of_root else (), body.since or 0

    def told(events: list[Event]) -> bytes:
        return b"".join(
            _encoded(each) for each in events if each["seq"] > since and _channel(each) in channels
        )

    return thread_following.follow(following, principal, Telling(thread_id), told)


async def _run(body: Command, thread_id: UUID, principal: Principal, db: Db) -> RunCreate:
    """The run that a command asks for. Raises Invalid."""
    match body.method:
        case "run.start":
            return RunCreate.model_validate(body.params)
        case "input.respond":
            async with db.reading(principal.workspace_id, principal.user_id) as connection:
                thread = await thread_views.find(connection, thread_id)
            if thread.graph_id is None:
                raise Conflict("The thread has not begun: nothing waits for an answer.")
            given = body.params.get("responses") or [body.params]
            answers = {
                str(each.get("interrupt_id")): each.get("response")
                for each in (given if isinstance(given, list) else [])
                if isinstance(each, dict)
            }
            command = {
                "resume": answers,
                "update": body.params.get("update"),
                "goto": body.params.get("goto"),
            }
            return RunCreate.model_validate(
                {
                    "assistant_id": thread.graph_id,
                    "command": command,
                    "metadata": body.params.get("metadata"),
                    "config": body.params.get("config"),
                }
            )
        case unknown:
            raise UnknownCommand(f"There is no command {unknown!r}: there are run.start and input.respond.")


class UnknownCommand(Invalid):
    title = "There is no such command"


def _channel(event: Event) -> str:
    return "input" if event["method"] == "input.requested" else str(event["method"])


def _encoded(event: Event) -> bytes:
    return encoded(event["method"], orjson.dumps(event), event["seq"])


_CODES: Final[dict[type[Exception], str]] = {
    UnknownInterrupt: "no_such_interrupt",
    UnknownCommand: "unknown_command",
    Forbidden: "permission_denied",
    NotFound: "no_such_run",
}


def _code(error: Exception) -> str:
    return _CODES.get(type(error), "invalid_argument")


def _message(error: Exception) -> str:
    if isinstance(error, ProofroomError):
        return f"{error.detail} {error.remedy or ''}".strip()
    problems: list[Any] = (
        list(error.errors()) if isinstance(error, RequestValidationError | ValidationError) else []
    )
    return "; ".join(f"{'/'.join(map(str, each['loc']))}: {each['msg']}" for each in problems)
