"""The end of a run is told to the address that the run names. Others pay a comparison."""

import sqlalchemy as sa
from alembic import op

revision = "20261122_05"
down_revision = "20261121_99"
branch_labels = None
depends_on = None

# Below the turns of runs in the queue: an address that is slow to answer shall not keep them waiting.
TELL_OF_RUN = """
CREATE FUNCTION tell_of_run() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, procrastinate, pg_temp AS $$
BEGIN
    PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'tell_of_run', -1, NULL, NULL,
        jsonb_build_object('workspace_id', NEW.workspace_id, 'run_id', NEW.id), NULL
    )::procrastinate_job_to_defer_v1]);
    RETURN NULL;
END $$
"""
# Not IN: PostgreSQL writes a list of varchar differently after a restore.
ENDED = "(OLD.status = 'pending' OR OLD.status = 'running') AND NOT (NEW.status = 'pending' OR NEW.status = 'running')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("runs", sa.Column("webhook_told_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(TELL_OF_RUN)
    op.execute("REVOKE ALL ON FUNCTION tell_of_run() FROM PUBLIC")
    op.execute(
        "CREATE TRIGGER trg_runs_webhook AFTER UPDATE OF status ON runs "
        f"FOR EACH ROW WHEN ({ENDED} AND NEW.request ? 'webhook') EXECUTE FUNCTION tell_of_run()"
    )
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    op.execute("ALTER FUNCTION tell_of_run() OWNER TO proofroom_service")
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")


def downgrade() -> None:
    op.execute("DROP TRIGGER trg_runs_webhook ON runs")
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute("DROP FUNCTION tell_of_run()")
    op.execute("RESET ROLE")
    op.drop_column("runs", "webhook_told_at")
