"""A key's last use is noted once a minute, and nobody waits for it."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select, text, update

from core.db import APP, SERVICE
from models import ApiKey
from services.operations.schema_proofs import enter
from tests.plugins.rows import TwoWorkspaces

pytestmark = pytest.mark.database

_ASK = text("SELECT * FROM authenticate_key(:hash)")


def test_a_key_is_touched_once_a_minute(connection: Connection, two: TwoWorkspaces) -> None:
    row = two.mine["api_keys"]
    used = select(ApiKey.last_used_at).where(ApiKey.id == row["id"]).scalar_subquery()
    for ago, touched in ((timedelta(seconds=30), False), (timedelta(seconds=90), True), (None, True)):
        enter(connection, SERVICE)
        before = None if ago is None else func.now() - ago
        connection.execute(
            update(ApiKey).where(ApiKey.id == row["id"]).values(last_used_at=before, expires_at=None)
        )
        enter(connection, APP)
        assert connection.execute(_ASK, {"hash": row["key_hash"]}).one().credential_id == row["id"]
        enter(connection, SERVICE)
        assert connection.scalar(select(used == func.now())) is touched


def test_a_key_that_is_locked_answers_at_once_and_is_not_touched(
    connection: Connection, two: TwoWorkspaces
) -> None:
    row = two.mine["api_keys"]
    with connection.engine.connect() as other, other.begin():
        enter(other, SERVICE)
        other.execute(text("SELECT FROM api_keys WHERE id = :id FOR UPDATE"), {"id": row["id"]})
        enter(connection, APP)
        connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        found = connection.execute(_ASK, {"hash": row["key_hash"]}).one_or_none()
        enter(connection, SERVICE)
        used = connection.scalar(select(ApiKey.last_used_at).where(ApiKey.id == row["id"]))
    assert found is not None
    assert used is None
