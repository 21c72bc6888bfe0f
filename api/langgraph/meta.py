from importlib.metadata import version
from typing import Final

from starlette.responses import Response

from api.deps import Viewer, WorkflowEditor
from api.langgraph.answers import answer
from api.route import router as new_router
from core.errors import Forbidden, NotFound

router = new_router("", "langgraph", documented=False)

_SPOKEN: Final = "0.16.7"
"""The version of LangGraph's server whose protocol this is: clients turn their features on and off by it."""
_INFO: Final = {
    "version": _SPOKEN,
    "langgraph_py_version": version("langgraph"),
    "flags": {"assistants": True, "crons": False, "langsmith": False},
    "host": {
        "kind": "self-hosted",
        "project_id": None,
        "host_revision_id": None,
        "revision_id": version("proofroom"),
        "tenant_id": None,
    },
}


@router.get("/ok")
async def is_ok() -> Response:
    return answer({"ok": True})


@router.get("/info")
async def read_info() -> Response:
    """Asked before there is a key."""
    return answer(_INFO)


@router.post("/store/items/search")
async def search_items(_: Viewer) -> Response:
    """The graphs keep nothing outside of their threads."""
    return answer({"items": []})


@router.post("/store/namespaces")
async def list_namespaces(_: Viewer) -> Response:
    return answer({"namespaces": []})


@router.get("/store/items")
async def read_item(_: Viewer) -> Response:
    raise NotFound("There is no such item: the graphs keep nothing outside of their threads.")


@router.put("/store/items")
@router.delete("/store/items")
async def change_items(_: WorkflowEditor) -> Response:
    raise Forbidden("There is no store: the graphs keep nothing outside of their threads.")
