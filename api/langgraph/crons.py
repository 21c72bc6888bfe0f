"""There are none: what is due again and again is a campaign's or a caller's."""

from starlette.responses import Response

from api.deps import Viewer, WorkflowEditor
from api.langgraph.answers import answer
from api.route import router as new_router
from core.errors import Forbidden

router = new_router("", "langgraph", documented=False)


@router.post("/runs/crons/search")
async def search_crons(_: Viewer) -> Response:
    return answer([])


@router.post("/runs/crons/count")
async def count_crons(_: Viewer) -> Response:
    return answer(0)


@router.post("/runs/crons")
@router.post("/threads/{thread_id}/runs/crons")
@router.patch("/runs/crons/{cron_id}")
@router.delete("/runs/crons/{cron_id}")
async def change_crons(_: WorkflowEditor) -> Response:
    raise Forbidden(
        "There are no crons here: a thread is one brief, and comes to a person each time.",
        remedy="Start a run from your own schedule; `after_seconds` delays one.",
    )
