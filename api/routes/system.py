from fastapi import APIRouter, Response
from pydantic import BaseModel

from api.deps import Db, ListenerOf
from core import metrics
from services.operations import health

router = APIRouter(tags=["system"])


class Alive(BaseModel):
    status: str = "ok"


class ReadyOut(BaseModel):
    ready: bool
    database: bool
    migrations: bool
    queue: bool


@router.get("/healthz")
async def is_alive() -> Alive:
    """The process answers; nothing else is looked at."""
    return Alive()


@router.get("/readyz", responses={503: {"model": ReadyOut, "description": "Not fit to answer yet."}})
async def is_ready(db: Db, listener: ListenerOf, response: Response) -> ReadyOut:
    """The database can be reached, its tables and queue are those that this version needs, and the process stays."""
    found = await health.readiness(db)
    ready = found.ready and not listener.ending
    if not ready:
        response.status_code = 503
    return ReadyOut(ready=ready, database=found.database, migrations=found.migrations, queue=found.queue)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def read_metrics(db: Db) -> Response:
    """Prometheus' text format. Keep it from strangers with the proxy in front."""
    in_use, idle = health.pool_use(db)
    metrics.set_pool(in_use=in_use, idle=idle)
    for backlog in await health.backlogs(db):
        metrics.set_queue(backlog.queue, backlog.depth, backlog.oldest_seconds)
    return Response(metrics.render(), media_type=metrics.CONTENT_TYPE)
