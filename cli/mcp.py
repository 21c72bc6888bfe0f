"""`proofroom mcp`: the tools of `/mcp` over standard input and output, for a service that runs somewhere."""

import asyncio
import sys
from dataclasses import replace
from typing import Annotated
from uuid import UUID

import httpx
import typer
from mcp.server.stdio import stdio_server
from pydantic import BaseModel

from api.mcp.server import serving
from api.mcp.service import MARK, TIMEOUT, Service
from cli import options
from cli.client import PAST_PROXIES, ServiceUnreachable, Target, find, problem_of
from core.principal import Principal, Role, Scope


class _Me(BaseModel):
    user_id: UUID
    username: str
    workspace_id: UUID
    role: Role
    scopes: frozenset[Scope] | None


def mcp(
    decide: Annotated[
        bool,
        typer.Option(
            "--decide", help="Offer decide_review with the owner's key, too: the model can then publish."
        ),
    ] = False,
    url: options.Url = None,
    api_key: options.ApiKey = None,
    data_dir: options.DataDir = None,
) -> None:
    """Give a model the tools, over standard input and output. A program starts this, not a person: docs/mcp.md."""
    asyncio.run(_serve(find(url, api_key, data_dir), decide))


async def _serve(target: Target, decide: bool) -> None:
    """Until standard input ends."""
    async with httpx.AsyncClient(
        base_url=target.url,
        headers={"Authorization": f"Bearer {target.key}", **MARK},
        timeout=TIMEOUT,
        mounts=PAST_PROXIES,
    ) as http:
        principal = await _principal(http)
        if target.owners and not decide and principal.scopes:
            # It carries every scope for the command line's sake: nobody gave this one to a model.
            principal = replace(principal, scopes=principal.scopes - {Scope.REVIEWS_DECIDE})
        server = serving(Service(http, principal))
        print(f"proofroom: the tools are served for {target.url}.", file=sys.stderr)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())


async def _principal(http: httpx.AsyncClient) -> Principal:
    """Raises ServiceUnreachable, or what the service has against the key."""
    try:
        answer = await http.get("/v1/me")
    except httpx.HTTPError as error:
        raise ServiceUnreachable(
            f"No service answers at {http.base_url} ({error}).", remedy="Start it with `proofroom up`."
        ) from error
    if answer.is_error:
        raise problem_of(answer)
    me = _Me.model_validate_json(answer.content)
    return Principal(me.user_id, me.username, me.workspace_id, me.role, me.scopes)
