"""Nobody reaches into another workspace: not by an id in a path, a body or a query, nor by a header or a key."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from core.principal import Scope
from tests.plugins.api import Api, User
from tests.plugins.tenant import Tenant

PUBLIC = {"is_alive", "is_ready", "read_metrics", "register", "login", "use_link", "open_file"}
ENDLESS = {"stream_workflow_events", "stream_workspace_events"}

Json = dict[str, Any]
Ids = dict[str, UUID]


class Operation(NamedTuple):
    id: str
    method: str
    path: str
    things: list[str]
    """Ids in the path."""
    filters: list[str]
    """Ids in the query."""
    references: set[str]
    """Ids in the body."""
    body: Any
    form: bool
    """It takes a file."""

    async def call(self, client: User, ids: Ids, **more: Any) -> tuple[int, str]:
        path = self.path.format(**{name: ids[name] for name in self.things})
        sent = {"files": {"file": ("a.txt", b"words")}} if self.form else {"json": self.body}
        answer = await client.request(self.method, path, **{**sent, **more})
        return answer.status_code, answer.text


@pytest.fixture
def operations(document: Json) -> list[Operation]:
    """All that need a credential."""
    return [
        _read(document, path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if operation["operationId"] not in PUBLIC
    ]


def _read(document: Json, path: str, method: str, operation: Json) -> Operation:
    parameters = operation.get("parameters", [])
    things = [each["name"] for each in parameters if each["in"] == "path"]
    filters = [each["name"] for each in parameters if each["in"] == "query" and _is_id(each["schema"])]
    references: set[str] = set()
    example = None
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        body = content["application/json"]["schema"]
        references = {name for name, field in _fields(document, body) if _is_id(field)}
        example = next((schema["examples"][0] for schema in _models(document, body)), None)
    return Operation(
        operation["operationId"],
        method.upper(),
        path,
        things,
        filters,
        references,
        example,
        "multipart/form-data" in content,
    )


def _is_id(schema: Json) -> bool:
    return "'format': 'uuid'" in str(schema)


def _fields(document: Json, schema: Json) -> Iterator[tuple[str, Json]]:
    for model in _models(document, schema):
        for name, field in model.get("properties", {}).items():
            yield name, field
            yield from _fields(document, field)


def _models(document: Json, schema: Any) -> Iterator[Json]:
    """The objects that this schema names, without those that they name in turn."""
    if isinstance(schema, list):
        for item in schema:
            yield from _models(document, item)
    elif isinstance(schema, dict):
        if "$ref" in schema:
            yield document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for name in ("anyOf", "oneOf", "allOf", "items"):
            yield from _models(document, schema.get(name))


@pytest.fixture
async def theirs(tenant: Tenant) -> Ids:
    """One of each that exists: calls on it by its owner would do something."""
    ids = {name: found[0] for name, found in (await tenant.ids()).items()}
    sample = "SELECT id FROM resources WHERE type = 'style_sample' AND workspace_id = :id"
    return ids | {
        "review_id": (await tenant.pending())[0]["id"],
        "job_id": (await tenant.job("scheduled"))["id"],
        "resource_id": (await tenant.scene.row(sample, id=tenant.owner.workspace_id))["id"],
    }


async def a_neighbour_reaches_nothing_by_path_header_or_list(
    api: Api, tenant: Tenant, neighbour: Tenant, theirs: Ids, operations: list[Operation]
) -> None:
    """With the rights of an owner, by session and by key; and nothing changes."""
    key = await api.key(neighbour.owner, *Scope)
    before = await tenant.everything()
    for client in (neighbour.owner, key):
        for operation in operations:
            if operation.things:
                status, body = await operation.call(client, theirs)
                assert status == 404, (operation.id, status, body)
                assert not _betrays(tenant, theirs, body), operation.id
            elif operation.method == "GET" and operation.id not in ENDLESS:
                await _look(client, operation, tenant, theirs)
    for client in (neighbour.owner, key):
        client.headers["X-Workspace-Id"] = str(tenant.owner.workspace_id)
        for operation in operations:
            status, body = await operation.call(client, theirs)
            assert status == 404, (operation.id, status, body)
    assert await tenant.everything() == before


async def _look(client: User, operation: Operation, tenant: Tenant, theirs: Ids) -> None:
    """A list has nothing of another, nor has it when it is asked for by a filter."""
    status, body = await operation.call(client, theirs)
    assert status == 200, (operation.id, body)
    assert not _betrays(tenant, theirs, body), operation.id
    meaning = theirs | {"assignee": theirs["user_id"]}
    for name in operation.filters:
        answer = await client.get(operation.path, params={name: str(meaning[name])})
        assert answer.json() == {"items": [], "next_cursor": None}, (operation.id, name)


async def those_very_ids_are_there_for_their_owner(
    tenant: Tenant, theirs: Ids, operations: list[Operation]
) -> None:
    """Otherwise a 404 for others would prove nothing."""
    for operation in operations:
        if operation.things and operation.method != "DELETE" and operation.id not in ENDLESS:
            status, body = await operation.call(tenant.owner, theirs)
            assert status in {200, 201, 202, 204, 409, 422}, (operation.id, status, body)
            assert operation.method != "GET" or status == 200, (operation.id, status, body)


async def a_body_cannot_refer_to_anothers_things(
    tenant: Tenant, neighbour: Tenant, theirs: Ids, operations: list[Operation]
) -> None:
    review = (await neighbour.pending())[0]
    held = await neighbour.job("held")
    mine = {"review_id": review["id"], "job_id": held["id"]}
    accept = {"decision": "accept", "seen_hash": review["seen_hash"]}
    foreign = {name: str(found) for name, found in theirs.items()}
    brief = {"source": {"type": "text", "text": "We have shipped."}, "platforms": ["linkedin"]}
    bodies: dict[tuple[str, str], Json] = {
        ("start_workflow", "project_id"): {**brief, "project_id": foreign["project_id"]},
        ("start_workflow", "campaign_id"): {**brief, "campaign_id": foreign["campaign_id"]},
        ("start_workflow", "template_id"): {
            **brief, "mode": "template", "template_id": foreign["template_id"], "template_input": {"topic": "tea"}
        },
        ("preview_prompt", "template_id"): {"template_id": foreign["template_id"]},
        ("start_workflow", "style_sample_ids"): {
            **brief, "options": {"style_sample_ids": [foreign["resource_id"]]}
        },
        ("start_workflow", "file_id"): {**brief, "source": {"type": "file", "file_id": foreign["post_id"]}},
        ("start_workflow", "post_id"): {**brief, "source": {"type": "post", "post_id": foreign["post_id"]}},
        ("change_review", "assignee_id"): {"assignee_id": foreign["user_id"]},
        ("decide_review", "account_id"): {**accept, "account_id": foreign["account_id"]},
        ("decide_many", "account_id"): {
            "decisions": [{**accept, "review_id": str(review["id"]), "account_id": foreign["account_id"]}]
        },
        ("decide_many", "review_id"): {"decisions": [{**accept, "review_id": foreign["review_id"]}]},
        ("retry_publishing_job", "account_id"): {"account_id": foreign["account_id"]},
    }  # fmt: skip
    bodies |= {
        ("preview_workflow", field): body
        for (name, field), body in bodies.items()
        if name == "start_workflow"
    }
    rule = {"platforms": ["linkedin"]}
    rules: dict[str, Json] = {
        "project_id": {"project_id": foreign["project_id"]},
        "template_id": {"template_id": foreign["template_id"], "template_input": {"topic": "tea"}},
        "style_sample_ids": {"options": {"style_sample_ids": [foreign["resource_id"]]}},
    }
    for field, more in rules.items():
        bodies["create_feed", field] = {"url": "https://example.com/feed.xml", "rule": {**rule, **more}}
        bodies["change_feed", field] = {"rule": {**rule, **more}}
    mine["feed_id"] = (await neighbour.ids())["feed_id"][0]
    wanted = {(operation.id, name) for operation in operations for name in operation.references}
    assert wanted == bodies.keys(), "a body has a new reference: say here how to send it"

    by_id = {operation.id: operation for operation in operations}
    before, mine_before = await tenant.everything(), await neighbour.everything()
    for (name, field), body in bodies.items():
        status, text = await by_id[name].call(neighbour.owner, mine, json=body)
        if name == "decide_many":
            assert status == 200, text
            assert f'"status":{404 if field == "review_id" else 422}' in text, (name, field, text)
        else:
            assert status == 422, (name, field, text)
            assert field in text, (name, field, text)
    assert await tenant.everything() == before
    assert await neighbour.everything() == mine_before


def _betrays(tenant: Tenant, ids: Ids, body: str) -> bool:
    return any(str(each) in body for each in [*ids.values(), tenant.owner.username])


async def test_nobody_reaches_what_is_anothers(
    api: Api,
    tenant: Tenant,
    neighbour: Tenant,
    theirs: Ids,
    operations: list[Operation],
    subtests: pytest.Subtests,
) -> None:
    with subtests.test("by what a body refers to"):
        await a_body_cannot_refer_to_anothers_things(tenant, neighbour, theirs, operations)
    with subtests.test("by path, header or list"):
        await a_neighbour_reaches_nothing_by_path_header_or_list(api, tenant, neighbour, theirs, operations)
    with subtests.test("but their owner does"):
        await those_very_ids_are_there_for_their_owner(tenant, theirs, operations)
