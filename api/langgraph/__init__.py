"""LangGraph's server protocol at the root: for its SDK, Studio and Agent Inbox.

A translation onto the services. Its reference is LangGraph's own, so OpenAPI leaves it out. Fields that we do not know are
ignored here; one that we know and cannot honour is refused.
"""

from api.langgraph import (
    assistants,
    crons,
    meta,
    runs,
    stateless,
    states,
    thread_joins,
    thread_streams,
    threads,
)

BUSY = (runs.router, threads.router)
OTHERS = (
    stateless.router,
    states.router,
    thread_streams.router,
    thread_joins.router,
    assistants.router,
    crons.router,
    meta.router,
)
