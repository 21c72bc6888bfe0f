"""`/v1` as the tools call it."""

from collections.abc import Mapping
from typing import Any, Final

import httpx
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import ValidationError

from api.headers import KEY_HEADER, VIA_HEADER
from api.problems import Problem
from core.principal import Principal, Via

MARK: Final = {VIA_HEADER: Via.MCP.value}
"""Goes with every call, so that a decision is recorded as a program's."""
LONGEST_WAIT: Final = 50
"""Seconds. Clients give up on a tool after a minute."""
TIMEOUT: Final = httpx.Timeout(LONGEST_WAIT + 20, connect=5)


class Service:
    def __init__(self, http: httpx.AsyncClient, principal: Principal) -> None:
        """`http` sends the principal's credential."""
        self._http = http
        self.principal = principal

    async def get(self, path: str, **query: Any) -> Any:
        return (await self.request("GET", path, query=query)).json()

    async def send(self, method: str, path: str, body: Mapping[str, Any], key: str = "") -> Any:
        """`key`: a repeat with the same one gets the first answer."""
        headers = {KEY_HEADER: key} if key else {}
        return (await self.request(method, path, body=body, headers=headers)).json()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Empty parameters are left out. Raises ToolError, with what is wrong and what to do."""
        given = {name: value for name, value in (query or {}).items() if value not in (None, "")}
        try:
            answer = await self._http.request(method, path, params=given, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise ToolError("The service does not answer. Try again later.") from error
        if answer.is_error:
            raise ToolError(_told(answer))
        return answer


def _told(answer: httpx.Response) -> str:
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError:
        return f"The service answers {answer.status_code} {answer.reason_phrase}."
    fields = [
        f"{each.pointer or each.parameter}: {each.detail}"
        for each in problem.errors or ()
        if each.detail not in problem.detail
    ]
    again = "The same call may succeed later." if problem.retryable else None
    said = [f"{problem.code}: {problem.detail}", *fields, problem.remedy, again]
    return "\n".join(part for part in said if part)
