"""Runs, as clients of LangGraph's protocol ask for them, and a trigger that keeps the status of the one under way.

A thread that has none pays a comparison with NULL.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261121_95"
down_revision = "20261121_91"
branch_labels = None
depends_on = None

WORKSPACE = "(SELECT nullif(current_setting('proofroom.workspace_id', true), '')::uuid)"
STATUSES = "'pending', 'running', 'success', 'error', 'interrupted', 'timeout'"

# A run is over when the thread is released and nothing but a person, the clock or the platform moves it on; or right
# before the platform is called. A run that waits for its turn has not begun: then its turn comes.
FOLLOW_RUN = """
CREATE FUNCTION follow_run() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, langgraph, procrastinate, pg_temp AS $$
DECLARE
    over text;
BEGIN
    IF NEW.status = 'cancelled' THEN
        over := 'interrupted';
    ELSIF OLD.lease_until IS NULL THEN
        IF NEW.lease_until IS NOT NULL THEN
            UPDATE runs SET status = 'running'
            WHERE id = NEW.run_id AND status = 'pending' AND begun_at IS NOT NULL;
        END IF;
    ELSIF NEW.status = 'publishing' THEN
        over := 'success';
    ELSIF NEW.lease_until IS NULL THEN
        over := CASE
            WHEN NEW.status = 'failed' THEN 'error'
            WHEN NEW.status IN ('awaiting_review', 'scheduled', 'published') OR NEW.due_at IS NULL THEN 'success'
            WHEN NEW.status = 'accepted' AND EXISTS (
                SELECT FROM publishing_jobs j WHERE j.review_id = (
                    SELECT id FROM reviews WHERE thread_id = NEW.id ORDER BY created_at DESC, id DESC LIMIT 1
                )
            ) THEN 'success'
        END;
    END IF;
    IF over IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE runs SET status = over, error = CASE WHEN over = 'error' THEN NEW.error END, last_checkpoint = (
        SELECT k.checkpoint_id FROM checkpoints k WHERE k.thread_id = NEW.id::text AND k.checkpoint_ns = ''
        ORDER BY k.checkpoint_id DESC LIMIT 1
    ) WHERE id = NEW.run_id AND begun_at IS NOT NULL;
    UPDATE platform_states SET run_id = NULL WHERE id = NEW.id;
    IF EXISTS (SELECT FROM runs WHERE thread_id = NEW.id AND begun_at IS NULL AND status = 'pending') THEN
        PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'take_turn', 0, NULL, NULL,
            jsonb_build_object('workspace_id', NEW.workspace_id, 'thread_id', NEW.id), NULL
        )::procrastinate_job_to_defer_v1]);
    END IF;
    PERFORM pg_notify('proofroom_events', NEW.workspace_id || ' ' || NEW.workflow_id || ' ' || pg_current_xact_id());
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "runs",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("graph_id", sa.String(length=50), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="pending", nullable=False),
        sa.Column("multitask_strategy", sa.String(length=20), server_default="enqueue", nullable=False),
        _json("request"),
        _json("metadata"),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_checkpoint", sa.String(length=64), nullable=True),
        sa.Column("last_checkpoint", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "thread_id"],
            ["threads.workspace_id", "threads.id"],
            name=op.f("fk_runs_workspace_id_thread_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_runs_user_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_runs_workspace_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("kind IN ('start', 'resume', 'continue', 'change')", name=op.f("ck_runs_kind")),
        sa.CheckConstraint(f"status IN ({STATUSES})", name=op.f("ck_runs_status")),
        sa.CheckConstraint(
            "multitask_strategy IN ('reject', 'enqueue', 'interrupt', 'rollback')",
            name=op.f("ck_runs_multitask_strategy"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_runs_workspace_id_id")),
    )
    op.create_index(
        op.f("ix_runs_user_id"), "runs", ["user_id"], postgresql_where=sa.text("user_id IS NOT NULL")
    )
    op.create_index(
        "ix_runs_waiting",
        "runs",
        ["thread_id", "created_at", "id"],
        postgresql_where=sa.text("begun_at IS NULL"),
    )
    newest: list[sa.ColumnElement[Any]] = [
        sa.literal_column("created_at DESC"),
        sa.literal_column("id DESC"),
    ]
    op.create_index("ix_runs_thread_id_created_at", "runs", ["thread_id", *newest])
    op.create_index("ix_runs_workspace_id_status_created_at", "runs", ["workspace_id", "status", *newest])
    op.execute("ALTER TABLE runs ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE runs FORCE ROW LEVEL SECURITY")
    _policy("workspace_all", "proofroom_app", f"workspace_id = {WORKSPACE}")
    _policy("service_all", "proofroom_service", f"{WORKSPACE} IS NULL OR workspace_id = {WORKSPACE}")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON runs TO proofroom_app, proofroom_service")
    op.execute(
        "CREATE TRIGGER trg_runs_updated_at BEFORE UPDATE ON runs FOR EACH ROW EXECUTE FUNCTION set_updated_at()"
    )

    op.add_column("platform_states", sa.Column("run_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_platform_states_workspace_id_run_id"),
        "platform_states",
        "runs",
        ["workspace_id", "run_id"],
        ["workspace_id", "id"],
        ondelete="SET NULL (run_id)",
    )
    op.create_index(
        op.f("ix_platform_states_run_id"),
        "platform_states",
        ["run_id"],
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )
    op.execute(FOLLOW_RUN)
    op.execute("REVOKE ALL ON FUNCTION follow_run() FROM PUBLIC")
    op.execute(
        "CREATE TRIGGER trg_platform_states_run AFTER UPDATE OF status, lease_until ON platform_states "
        "FOR EACH ROW WHEN (NEW.run_id IS NOT NULL) EXECUTE FUNCTION follow_run()"
    )
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    op.execute("ALTER FUNCTION follow_run() OWNER TO proofroom_service")
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")


def downgrade() -> None:
    op.execute("DROP TRIGGER trg_platform_states_run ON platform_states")
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute("DROP FUNCTION follow_run()")
    op.execute("RESET ROLE")
    op.drop_column("platform_states", "run_id")
    op.drop_table("runs")


def _json(name: str) -> sa.Column[object]:
    return sa.Column(
        name, postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
    )


def _policy(name: str, role: str, condition: str) -> None:
    op.execute(
        f"CREATE POLICY runs_{name} ON runs FOR ALL TO {role} USING ({condition}) WITH CHECK ({condition})"
    )
