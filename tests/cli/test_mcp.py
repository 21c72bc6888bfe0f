"""`proofroom mcp`, as a program starts it: with the MCP library's own client over standard input and output."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import CallToolResult

if TYPE_CHECKING:
    from tests.cli.conftest import Service


def command(service: "Service", *options: str, **env: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable, args=["-m", "cli.main", "mcp", *options], env={**service.environment, **env}
    )


async def tools(mcp: Client) -> set[str]:
    return {tool.name for tool in (await mcp.list_tools()).tools}


async def call(mcp: Client, tool: str, **arguments: Any) -> Any:
    answer = await mcp.call_tool(tool, arguments)
    assert isinstance(answer, CallToolResult)
    assert not answer.is_error, answer.content
    return answer.structured_content


async def test_the_tools_over_standard_input_and_output(service: "Service", tmp_path: Path) -> None:
    made = service.call("POST", "/v1/api-keys", {"name": "desk", "scopes": ["read", "reviews:decide"]})
    workflow = service.written("x")
    async with Client(command(service, PROOFROOM_API_KEY=made["key"])) as mcp:
        assert "decide_review" in await tools(mcp)
        [item] = (await call(mcp, "list_reviews"))["items"]
        review = await call(mcp, "read_review", review_id=item["id"])
        decided = await call(
            mcp, "decide_review", review_id=item["id"], seen_hash=review["seen_hash"], decision="reject"
        )
        assert decided["thread_status"] == "rejected"
    reviewed = service.call("GET", f"/v1/reviews/{item['id']}")
    assert (reviewed["workflow_id"], reviewed["decided_via"]) == (workflow["id"], "mcp")

    # The owner's key, as the other commands find it, decides nothing by itself.
    every = ["read", "workflows:write", "reviews:decide"]
    owner = service.call("POST", "/v1/api-keys", {"name": "command line", "scopes": every})
    (tmp_path / "owner-key").write_text(owner["key"])
    (tmp_path / "up.json").write_text(json.dumps({"pid": 1, "url": service.url, "simulator_url": None}))
    found = {"PROOFROOM_DATA_DIR": str(tmp_path)}
    environment = {name: value for name, value in service.environment.items() if "PROOFROOM" not in name}
    plain = command(service).model_copy(update={"env": {**environment, **found}})
    async with Client(plain) as mcp:
        assert await tools(mcp) >= {"start_workflow", "edit_draft"}
        assert "decide_review" not in await tools(mcp)
