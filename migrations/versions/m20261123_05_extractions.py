"""The text of files, and an event when getting it begins, ends or fails."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123_05"
down_revision = "20261123_04"
branch_labels = None
depends_on = None

WORKSPACE = "(SELECT nullif(current_setting('proofroom.workspace_id', true), '')::uuid)"

# Not by record_event: this is no workflow's. In the notification the file stands where a workflow does.
LOG_EXTRACTION = """
CREATE FUNCTION log_extraction() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO processing_logs (workspace_id, service_name, status, error_message, event)
    VALUES (NEW.workspace_id, 'extraction', NEW.extraction_status, NEW.error, jsonb_strip_nulls(jsonb_build_object(
        'type', 'extraction.status', 'file_id', NEW.id, 'project_id', NEW.project_id,
        'status', NEW.extraction_status, 'error', NEW.error)));
    PERFORM pg_notify('proofroom_events', NEW.workspace_id || ' ' || NEW.id || ' ' || pg_current_xact_id());
    RETURN NULL;
END $$
"""
CHANGED = "OLD.extraction_status IS DISTINCT FROM NEW.extraction_status"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "extractions",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column(
            "places", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.Column("title", sa.String(length=500), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("progress", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "file_id"],
            ["files.workspace_id", "files.id"],
            name=op.f("fk_extractions_workspace_id_file_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_extractions_workspace_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name=op.f("ck_extractions_progress")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_extractions_attempts")),
        sa.CheckConstraint("char_length(text) <= 1000000", name=op.f("ck_extractions_text_length")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_extractions")),
    )
    op.create_index(
        op.f("ix_extractions_due_at"),
        "extractions",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_extractions_workspace_id_file_id"), "extractions", ["workspace_id", "file_id"])
    op.execute("ALTER TABLE extractions ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE extractions FORCE ROW LEVEL SECURITY")
    _policy("workspace_all", "proofroom_app", f"workspace_id = {WORKSPACE}")
    _policy("service_all", "proofroom_service", f"{WORKSPACE} IS NULL OR workspace_id = {WORKSPACE}")
    op.execute("GRANT SELECT, INSERT, UPDATE ON extractions TO proofroom_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON extractions TO proofroom_service")
    op.execute(
        "CREATE TRIGGER trg_extractions_updated_at BEFORE UPDATE ON extractions "
        "FOR EACH ROW EXECUTE FUNCTION set_updated_at()"
    )
    op.execute(LOG_EXTRACTION)
    op.execute("REVOKE ALL ON FUNCTION log_extraction() FROM PUBLIC")
    op.execute(
        "CREATE TRIGGER trg_files_event_changed AFTER UPDATE OF extraction_status ON files "
        f"FOR EACH ROW WHEN ({CHANGED}) EXECUTE FUNCTION log_extraction()"
    )
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    op.execute("ALTER FUNCTION log_extraction() OWNER TO proofroom_service")
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")


def downgrade() -> None:
    op.execute("DROP TRIGGER trg_files_event_changed ON files")
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute("DROP FUNCTION log_extraction()")
    op.execute("RESET ROLE")
    op.drop_table("extractions")


def _policy(name: str, role: str, condition: str) -> None:
    op.execute(
        f"CREATE POLICY extractions_{name} ON extractions FOR ALL TO {role} "
        f"USING ({condition}) WITH CHECK ({condition})"
    )
