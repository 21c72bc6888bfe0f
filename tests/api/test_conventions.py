"""What holds for every call: problems, strict bodies, limits, pages, headers."""

import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from api.app import create_app
from core.db import Database
from core.settings import Settings
from tests.plugins.api import Api, check_problem

JSON = {"Content-Type": "application/json"}


BAD_BODIES: list[tuple[bytes, str, str | None]] = [
    (b"{", "MalformedJSON", None),
    (b"\xff\xfe", "MalformedJSON", None),
    (b'{"title": "a", "title": "b"}', "MalformedJSON", None),
    (b'{"title": NaN}', "MalformedJSON", None),
    (b'{"title": -Infinity}', "MalformedJSON", None),
    (b'{"title": 1e999}', "MalformedJSON", None),
    (b'{"metadata": {"a": 18446744073709551616}}', "MalformedJSON", None),
    (b'{"metadata": {"a": -9223372036854775809}}', "MalformedJSON", None),
    (b'{"title": ' + b"9" * 5000 + b"}", "MalformedJSON", None),
    (b"[" * 100_000, "MalformedJSON", None),
    (b'{"title": "a\\u0000b"}', "Invalid", "/title"),
    (b'{"title": "a\\ud800b"}', "Invalid", "/title"),
    (b'{"a\\u0000": 1}', "Invalid", "/a\ufffd"),
    (b'{"title": "a", "titel": "b"}', "Invalid", "/titel"),
    (b'{"title": "  "}', "Invalid", "/title"),
    (b'{"title": 7}', "Invalid", "/title"),
    (b'{"title": null}', "Invalid", "/title"),
    (b"{}", "Invalid", "/title"),
    (b"[]", "Invalid", ""),
    (b"null", "Invalid", ""),
    (b"", "Invalid", ""),
    (b'{"title": "' + b"x" * 201 + b'"}', "Invalid", "/title"),
]


async def test_bad_bodies_are_refused_by_field(api: Api, subtests: pytest.Subtests) -> None:
    user = await api.user()
    for body, code, pointer in BAD_BODIES:
        with subtests.test(repr(body[:100])):
            answer = await user.post("/v1/projects", content=body, headers=JSON)
            problem = check_problem(answer, 422, code)
            assert problem["remedy"]
            if pointer is not None:
                assert [error["pointer"] for error in problem["errors"]] == [pointer]
    for media_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        with subtests.test(media_type):
            answer = await user.post(
                "/v1/projects", content=b'{"title": "a"}', headers={"Content-Type": media_type}
            )
            check_problem(answer, 415, "UnsupportedMediaType")
    assert (await user.get("/v1/projects")).json()["items"] == []


async def test_long_texts_and_bodies_are_413(api: Api) -> None:
    user = await api.user()
    long = {"type": "reference", "content": "x" * 1_000_001}
    problem = check_problem(await user.post("/v1/resources", json=long), 413, "TooLarge")
    assert problem["errors"][0]["pointer"] == "/content"

    check_problem(await user.post("/v1/projects", content=b"x" * (4 * 1024 * 1024 + 1)), 413, "TooLarge")

    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * 1024 * 1024:
            sent += 65_536
            yield b" " * 65_536

    answer = await user.post("/v1/projects", content=endless(), headers=JSON)
    check_problem(answer, 413, "TooLarge")
    assert sent < 5 * 1024 * 1024


async def test_a_text_of_exactly_a_million_characters_is_taken(api: Api) -> None:
    user = await api.user()
    body = {"type": "reference", "content": "ж" * 1_000_000}
    assert (await user.post("/v1/resources", json=body)).status_code == 201


BAD_PARAMETERS = {
    "limit=0": "query.limit",
    "limit=201": "query.limit",
    "limit=x": "query.limit",
    "cursor=x": "query.cursor",
    "cursor=bnVsbA": "query.cursor",
    "cursor=%00": "query.cursor",
    "cursor=%ff": "query.cursor",
    "other=%00": "query.other",
}


async def test_bad_parameters_are_named(api: Api, subtests: pytest.Subtests) -> None:
    user = await api.user()
    for query, parameter in BAD_PARAMETERS.items():
        with subtests.test(query):
            problem = check_problem(await user.get(f"/v1/projects?{query}"), 422, "Invalid")
            assert problem["errors"][0]["parameter"] == parameter


async def test_other_parameters_are_named_too(api: Api) -> None:
    user = await api.user()
    problem = check_problem(await user.get("/v1/projects/x"), 422, "Invalid")
    assert problem["errors"][0]["parameter"] == "path.project_id"
    problem = check_problem(await user.get("/v1/reviews?assignee=x"), 422, "Invalid")
    assert {error["parameter"] for error in problem["errors"]} == {"query.assignee"}
    problem = check_problem(await user.get("/v1/me", headers={"X-Workspace-Id": "x"}), 422, "Invalid")
    assert problem["errors"][0]["parameter"] == "header.X-Workspace-Id"
    assert (await user.get("/v1/projects?unknown=1")).status_code == 200


async def test_the_router_answers_problems(api: Api) -> None:
    client = api.client()
    check_problem(await client.get("/v1/nothing"), 404, "NotFound")
    check_problem(await client.get("/v1/projects/"), 404, "NotFound")
    wrong = await client.put("/v1/projects", json={})
    check_problem(wrong, 405, "MethodNotAllowed")
    assert wrong.headers["allow"] == "GET, POST"


async def test_pages_go_on_where_the_last_one_ended(api: Api) -> None:
    user = await api.user()
    for number in range(5):
        await user.post("/v1/projects", json={"title": f"project {number}"})
    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        page = (await user.get(f"/v1/projects?limit=2{cursor}")).json()
        seen += [item["title"] for item in page["items"]]
        await user.post("/v1/projects", json={"title": "added meanwhile"})
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [f"project {number}" for number in (4, 3, 2, 1, 0)]
    assert page["next_cursor"] is None


async def test_requests_are_counted_and_named(api: Api) -> None:
    user = await api.user()
    answer = await user.get("/v1/me", headers={"X-Request-Id": "my-request-1"})
    assert answer.headers["x-request-id"] == "my-request-1"
    assert answer.headers["ratelimit-limit"] == "6000"
    assert int(answer.headers["ratelimit-remaining"]) < 6000
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers
    injected = await user.get("/v1/me", headers={"X-Request-Id": "a b"})
    assert injected.headers["x-request-id"] != "a b"


async def test_too_many_requests_of_one_key_are_429(settings: Settings, db: Database) -> None:
    few = settings.model_copy(update={"requests_per_minute": 3})
    async with Api(create_app(few, database=db)) as api:
        client, other = api.client("prk_one"), api.client("prk_two")
        answers = [await client.get("/v1/me") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        check_problem(answers[3], 429, "RateLimitExceeded")
        assert int(answers[3].headers["retry-after"]) > 0
        assert answers[3].headers["ratelimit-remaining"] == "0"
        assert (await other.get("/v1/me")).status_code == 401
        assert (await client.get("/healthz")).status_code == 200


async def test_only_our_own_names_are_answered(api: Api) -> None:
    client = api.client()
    for host in ("localhost", "127.0.0.1:8750", "[::1]:8750"):
        assert (await client.get("/healthz", headers={"Host": host})).status_code == 200, host
    answer = await client.get("/healthz", headers={"Host": "evil.example"})
    assert check_problem(answer, 422, "Invalid")["errors"][0]["parameter"] == "header.Host"


async def test_the_service_is_ready_and_measured(api: Api) -> None:
    client = api.client()
    assert (await client.get("/readyz")).json() == {
        "ready": True,
        "database": True,
        "migrations": True,
        "queue": True,
    }
    await client.get("/v1/projects/3b0e8bbc-8d25-4f1c-9bd0-0c8b36d6ad35")
    metrics = await client.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert 'route="/v1/projects/{project_id}"' in metrics.text
    assert "3b0e8bbc" not in metrics.text


async def test_the_reference_needs_nobody_else(api: Api) -> None:
    client = api.client()
    page = await client.get("/docs")
    assert page.status_code == 200
    assert "//" not in page.text
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js", "favicon-32x32.png"):
        assert f"/docs/{asset}" in page.text
        assert (await client.get(f"/docs/{asset}")).status_code == 200
    assert json.loads((await client.get("/openapi.json")).text)["info"]["title"] == "Proofroom"


async def test_an_address_of_nothing_says_where_to_look(api: Api) -> None:
    user = await api.user()
    assert "/docs" in check_problem(await user.get("/v1/nothing"), 404, "NotFound")["remedy"]


async def test_a_requests_line_has_the_ids_and_nothing_else_of_its_address(api: Api) -> None:
    user = await api.user()
    known = uuid4()
    with capture_logs() as lines:
        await user.get(f"/v1/workflows/{known}")
        await user.get("/v1/workflows/what-a-person-wrote")
    assert [line.get("workflow_id") for line in lines if line["event"] == "request"] == [str(known), None]
