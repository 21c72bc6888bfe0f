"""The platforms' graphs as LangGraph's SDK finds them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid5

import pytest
from langgraph_sdk.errors import AuthenticationError, NotFoundError, PermissionDeniedError

from tests.plugins.api import Api
from tests.plugins.protocol import Sdk

Call = Callable[[], Awaitable[object]]

LANGGRAPHS = UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8")
"""The namespace in which LangGraph's server makes its assistants' ids."""


async def test_each_platform_is_an_assistant(api: Api, sdk: Sdk) -> None:
    assistants = sdk(await api.user()).assistants
    first = await assistants.search(limit=2, sort_by="graph_id", sort_order="asc", response_format="object")
    assert [each["graph_id"] for each in first["assistants"]] == ["blog", "email"]
    assert first["next"] == "2"
    rest: Any = await assistants.search(
        limit=2, offset=2, sort_by="graph_id", sort_order="asc", select=["name"]
    )
    assert rest == [{"name": "instagram"}, {"name": "linkedin"}]
    assert await assistants.count() == 5
    assert await assistants.count(graph_id="x") == 1
    assert await assistants.search(metadata={"created_by": "user"}) == []
    assert [each["graph_id"] for each in await assistants.search(name="link")] == ["linkedin"]

    by_name = await assistants.get("x")
    assert by_name["assistant_id"] == str(uuid5(LANGGRAPHS, "x"))
    assert await assistants.get(by_name["assistant_id"]) == by_name
    assert await assistants.get_versions("x") == [by_name]


async def test_a_graph_is_drawn_with_its_true_edges(api: Api, sdk: Sdk) -> None:
    assistants = sdk(await api.user()).assistants
    drawing: Any = await assistants.get_graph("x", xray=True)
    edges = {(edge["source"], edge["target"]) for edge in drawing["edges"]}
    assert edges == {
        ("__start__", "generate"),
        ("generate", "condense"),
        ("condense", "condense"),
        ("condense", "generate"),
        ("generate", "evaluate"),
        ("evaluate", "generate"),
        ("evaluate", "human_review"),
        ("evaluate", "publish"),
        ("human_review", "human_review"),
        ("human_review", "generate"),
        ("human_review", "evaluate"),
        ("human_review", "publish"),
        ("human_review", "__end__"),
        ("publish", "human_review"),
        ("publish", "__end__"),
    }
    assert {"id": "generate", "type": "runnable", "data": {"name": "generate"}} in drawing["nodes"]
    assert await assistants.get_subgraphs("x", recurse=True) == {}
    assert await assistants.get_subgraphs("x", namespace="generate") == {}


async def test_schemas_tell_studio_what_to_edit(api: Api, sdk: Sdk) -> None:
    """The same over the synchronous client, and by an API key."""
    owner = await api.user()
    program = await api.key(owner, "read")
    key = program.headers["Authorization"].removeprefix("Bearer ")
    schemas: Any = await sdk(key=key).assistants.get_schemas("linkedin")
    blocking = sdk.blocking(program)
    assert await asyncio.to_thread(blocking.assistants.get_schemas, "linkedin") == schemas
    assert schemas["graph_id"] == "linkedin"
    assert set(schemas["input_schema"]["properties"]) == {"source", "options"}
    assert {"outcome", "drafts", "receipt"} <= set(schemas["output_schema"]["properties"])
    assert {"drafts", "evaluations", "active_draft_id", "decision"} <= set(
        schemas["state_schema"]["properties"]
    )
    editable = schemas["context_schema"]["properties"]
    assert set(editable) == {
        "writer_model",
        "critic_model",
        "quality_bar",
        "max_rounds",
        "tone_of_voice",
        "weights",
    }
    assert (editable["quality_bar"]["default"], editable["quality_bar"]["maximum"]) == (80, 100)


async def test_nobody_makes_or_changes_one(api: Api, sdk: Sdk) -> None:
    assistants = sdk(await api.user()).assistants
    refused: list[Call] = [
        lambda: assistants.create("x", name="Mine"),
        lambda: assistants.update("x", metadata={"a": 1}),
        lambda: assistants.delete("x"),
        lambda: assistants.set_latest("x", 1),
    ]
    for call in refused:
        with pytest.raises(PermissionDeniedError, match="platforms' graphs"):
            await call()
    missing: list[Call] = [
        lambda: assistants.get("facebook"),
        lambda: assistants.get_graph("facebook"),
        lambda: assistants.search(graph_id="no"),
    ]
    for call in missing:
        with pytest.raises(NotFoundError, match="There is no assistant"):
            await call()
    with pytest.raises(AuthenticationError):
        await sdk().assistants.search()
