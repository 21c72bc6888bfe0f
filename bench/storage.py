"""Bytes that cycles leave in the database, and what retention leaves of them."""

import asyncio

import psycopg

from bench.service import Service
from core.db import Database
from services.operations import routines

_SCHEMAS = ["public", "langgraph", "procrastinate"]


def stored_bytes(service: Service) -> int:
    """Of all our tables with indexes and TOAST, packed by VACUUM FULL: what waits to be used again is left out."""
    with psycopg.connect(service.superuser_url, autocommit=True) as connection:
        names = connection.execute(
            "SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables WHERE schemaname = ANY(%s)",
            [_SCHEMAS],
        ).fetchall()
        for (name,) in names:
            connection.execute(f"VACUUM (FULL) {name}")
        row = connection.execute(
            "SELECT sum(pg_total_relation_size(format('%%I.%%I', schemaname, tablename)::regclass))::bigint"
            " FROM pg_tables WHERE schemaname = ANY(%s)",
            [_SCHEMAS],
        ).fetchone()
    assert row is not None
    return int(row[0])


def retain(service: Service) -> None:
    """What the worker's routine does with ended threads a day later, done at once."""
    asyncio.run(_retain(service))


async def _retain(service: Service) -> None:
    settings = service.settings.model_copy(update={"checkpoint_keep_hours": 0})
    db = Database(settings)
    try:
        await routines.remove_checkpoints(db, settings)
    finally:
        await db.dispose()
