"""What is answered when something of ours fails, or is away."""

from fastapi import APIRouter
from pydantic import SecretStr
from sqlalchemy import text
from starlette.types import Message
from structlog.testing import capture_logs

from api.app import create_app
from core.db import Database
from core.settings import Settings
from tests.plugins.api import Api, check_problem


async def test_a_mistake_of_ours_says_nothing_of_itself(settings: Settings, db: Database) -> None:
    broken = APIRouter()

    @broken.get("/broken")
    async def fail() -> None:
        raise RuntimeError("SELECT password FROM users")

    async with Api(create_app(settings, routers=[broken], database=db)) as api:
        answer = await api.client().get("/broken")
        check_problem(answer, 500, "InternalError")
        assert "password" not in answer.text
        assert answer.headers["x-request-id"]
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_the_service_lacks_is_no_outage_of_the_database(settings: Settings, db: Database) -> None:
    broken = APIRouter()

    @broken.get("/broken")
    async def fail() -> None:
        raise FileNotFoundError("a file of ours")

    async with Api(create_app(settings, routers=[broken], database=db)) as api:
        with capture_logs() as lines:
            check_problem(await api.client().get("/broken"), 500, "InternalError")
    assert "request.failed" in [line["event"] for line in lines]


async def test_who_leaves_before_the_end_is_no_mistake_of_ours(api: Api) -> None:
    user = await api.user()
    headers = {**user.headers, "Content-Type": "application/json", "host": "localhost"}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": "POST",
        "path": "/v1/projects",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    with capture_logs() as lines:
        await api.app(scope, receive, send)
    assert not sent
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("request.cut_off", "info"),
        ("request", "info"),
    ]


async def test_a_database_that_is_away_is_503(settings: Settings) -> None:
    away = settings.model_copy(
        update={"database_url": SecretStr("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1")}
    )
    async with Api(create_app(away)) as api:
        answer = await api.client("prk_x").get("/v1/me")
        problem = check_problem(answer, 503, "Unavailable")
        assert problem["retryable"] is True
        assert int(answer.headers["retry-after"]) > 0
        ready = await api.client().get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["database"] is False
        assert (await api.client().get("/healthz")).status_code == 200


async def test_a_server_without_a_free_connection_is_503(settings: Settings, db: Database) -> None:
    async with db.engine.connect() as connection:
        name = (await connection.execute(text("SELECT current_database()"))).scalar_one()
        await connection.execute(text(f"ALTER DATABASE {name} CONNECTION LIMIT 0"))
        await connection.commit()
    async with Api(create_app(settings, database=Database(settings))) as api:
        check_problem(await api.client("prk_x").get("/v1/me"), 503, "Unavailable")
