"""The queries of the Repostr schema, word for word, under row security."""

from typing import Any

from sqlalchemy import Connection, text

from core.db import APP, SERVICE
from services.operations.schema_proofs import enter
from tests.plugins.rows import TwoWorkspaces

RECENT = "SELECT * FROM projects WHERE user_id = :user_id ORDER BY created_at DESC LIMIT 10"
WHOLE = """
SELECT
  p.*,
  COALESCE(json_agg(DISTINCT f.*) FILTER (WHERE f.id IS NOT NULL), '[]') as files,
  COALESCE(json_agg(DISTINCT o.*) FILTER (WHERE o.id IS NOT NULL), '[]') as outputs
FROM projects p
LEFT JOIN files f ON f.project_id = p.id
LEFT JOIN outputs o ON o.project_id = p.id
WHERE p.id = :project_id AND p.user_id = :user_id
GROUP BY p.id
"""
STUCK = "SELECT * FROM outputs WHERE status = 'processing' AND updated_at < NOW() - INTERVAL '1 hour'"
OLD = "SELECT * FROM outputs WHERE status = 'completed' AND created_at < NOW() - INTERVAL '90 days'"
ACTIVE = """
SELECT
  DATE(created_at) as date,
  COUNT(DISTINCT user_id) as active_users,
  COUNT(*) as total_projects
FROM projects
WHERE created_at > NOW() - INTERVAL '30 days'
GROUP BY DATE(created_at)
ORDER BY date DESC
"""
SIZES = """
SELECT
  schemaname,
  tablename,
  pg_size_pretty(pg_total_relation_size(schemaname||'.'||tablename)) AS size
FROM pg_tables
WHERE schemaname = 'public'
ORDER BY pg_total_relation_size(schemaname||'.'||tablename) DESC
"""


def rows(connection: Connection, query: str, **given: Any) -> list[Any]:
    return list(connection.execute(text(query), given).mappings())


def test_a_project_comes_with_its_files_and_outputs(connection: Connection, two: TwoWorkspaces) -> None:
    ids = {"project_id": two.mine["projects"]["id"], "user_id": two.user_id}
    enter(connection, APP, two.workspace_id, two.user_id)
    connection.execute(text("UPDATE workflows SET project_id = :project_id"), ids)
    (found,) = rows(connection, WHOLE, **ids)
    assert [file["id"] for file in found["files"]] == [str(two.mine["files"]["id"])]
    assert [output["id"] for output in found["outputs"]] == [str(two.mine["platform_states"]["id"])]
    theirs = {"project_id": two.theirs["projects"]["id"], "user_id": two.theirs["users"]["id"]}
    assert rows(connection, WHOLE, **theirs) == []


def test_recent_projects_are_read_from_an_index_in_its_order(
    connection: Connection, two: TwoWorkspaces
) -> None:
    enter(connection, APP, two.workspace_id, two.user_id)
    (found,) = rows(connection, RECENT, user_id=two.user_id)
    assert found["id"] == two.mine["projects"]["id"]
    for off in ("seqscan", "bitmapscan"):
        connection.execute(text(f"SET LOCAL enable_{off} = off"))
    plan = "\n".join(connection.scalars(text(f"EXPLAIN {RECENT}"), {"user_id": two.user_id}))
    assert "Index Scan using ix_projects_" in plan
    assert "Sort" not in plan


def test_stuck_and_old_outputs_are_found(connection: Connection, two: TwoWorkspaces) -> None:
    enter(connection, SERVICE)
    connection.execute(text("UPDATE platform_states SET status = 'generating', epoch = 1"))
    assert rows(connection, STUCK) == [], "they have just changed"
    assert len(rows(connection, STUCK.replace("1 hour", "-1 hour"))) == 2
    connection.execute(text("UPDATE platform_states SET status = 'published'"))
    assert rows(connection, OLD) == []
    connection.execute(text("UPDATE workflows SET created_at = now() - interval '91 days'"))
    assert len(rows(connection, OLD)) == 2


def test_sizes_and_active_users_are_counted(connection: Connection, two: TwoWorkspaces) -> None:
    enter(connection, SERVICE)
    (today,) = rows(connection, ACTIVE)
    assert (today["active_users"], today["total_projects"]) == (2, 2)
    sizes = {row["tablename"]: row["size"] for row in rows(connection, SIZES)}
    assert {"projects", "files", "templates", "profiles", "platform_states"} <= sizes.keys()
