from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from api.deps import Viewer, WorkflowEditor
from api.langgraph.answers import answer, paged
from api.langgraph.schemas import AssistantFilter, AssistantSearch, AssistantVersions
from api.route import router as new_router
from core.errors import Forbidden
from services.protocol import assistants

router = new_router("/assistants", "langgraph", documented=False)


@router.post("/search")
async def search_assistants(body: AssistantSearch, _: Viewer) -> Response:
    found = assistants.search(body.metadata or {}, body.graph_id, body.name)
    if (field := body.sort_by) is not None:
        found.sort(key=lambda each: str(each[field]), reverse=body.sort_order != "asc")
    page = found[body.offset : body.offset + body.limit]
    if body.select:
        page = [{name: each[name] for name in body.select} for each in page]
    return paged(page, body.offset, len(found) > body.offset + body.limit)


@router.post("/count")
async def count_assistants(body: AssistantFilter, _: Viewer) -> Response:
    return answer(len(assistants.search(body.metadata or {}, body.graph_id, body.name)))


@router.get("/{assistant_id}")
async def read_assistant(assistant_id: str, _: Viewer) -> Response:
    return answer(assistants.find(assistant_id))


@router.get("/{assistant_id}/graph")
async def draw_assistant(
    assistant_id: str, _: Viewer, xray: Annotated[bool | int, Query(ge=0)] = False
) -> Response:
    return answer(assistants.drawn(assistants.find(assistant_id), xray))


@router.get("/{assistant_id}/schemas")
async def read_schemas(assistant_id: str, _: Viewer) -> Response:
    return answer(assistants.schemas(assistants.find(assistant_id)))


@router.get("/{assistant_id}/subgraphs")
@router.get("/{assistant_id}/subgraphs/{namespace}")
async def list_subgraphs(assistant_id: str, _: Viewer) -> Response:
    """There are none."""
    assistants.find(assistant_id)
    return answer({})


@router.post("/{assistant_id}/versions")
async def list_versions(assistant_id: str, body: AssistantVersions, _: Viewer) -> Response:
    """The one that there is."""
    found = assistants.find(assistant_id)
    return answer([found][body.offset :])


@router.post("")
@router.patch("/{assistant_id}")
@router.delete("/{assistant_id}")
@router.post("/{assistant_id}/latest")
async def change_assistants(_: WorkflowEditor) -> Response:
    raise Forbidden(
        "The assistants are the platforms' graphs: they are not made, changed or removed.",
        remedy="Say with each run what should be different: its input's options, its context.",
    )
