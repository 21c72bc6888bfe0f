"""Events at half their price: 15 of them are written for each post.

A log row goes with its workspace; its other references are written by triggers from the rows that they name, which only
go with that workspace, too. Checking them at each event cost more than writing it.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261121_45"
down_revision = "20261121_40"
branch_labels = None
depends_on = None

REFERENCES = (
    ("post_id", "posts", "SET NULL (post_id)"),
    ("thread_id", "threads", "CASCADE"),
    ("workflow_id", "workflows", "CASCADE"),
)
RECORD = "record_event(uuid, uuid, uuid, text, text, text, int, jsonb)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column, _, _ in REFERENCES:
        op.drop_constraint(f"fk_processing_logs_workspace_id_{column}", "processing_logs")
    op.drop_index("ix_processing_logs_thread_id", "processing_logs")
    op.drop_index("ix_processing_logs_post_id", "processing_logs")
    # Whoever calls it is one of the triggers' functions, which have both already.
    _as_service(f"ALTER FUNCTION {RECORD} SECURITY INVOKER RESET search_path")


def downgrade() -> None:
    _as_service(
        f"ALTER FUNCTION {RECORD} SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp",
    )
    op.create_index(
        "ix_processing_logs_post_id",
        "processing_logs",
        ["post_id"],
        postgresql_where=sa.text("post_id IS NOT NULL"),
    )
    op.create_index("ix_processing_logs_thread_id", "processing_logs", ["thread_id"])
    for column, table, ondelete in REFERENCES:
        # Rows that are there are checked by a query of the owner's, from whom row security would hide what they name.
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.create_foreign_key(
            f"fk_processing_logs_workspace_id_{column}",
            "processing_logs",
            table,
            ["workspace_id", column],
            ["workspace_id", "id"],
            ondelete=ondelete,
        )
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _as_service(statement: str) -> None:
    """A NOINHERIT login role changes what another role owns only while it has taken that role on."""
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute(statement)
    op.execute("RESET ROLE")
