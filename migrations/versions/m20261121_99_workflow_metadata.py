"""Callers' own names for a workflow, so that it is found by them.

Under row security no GIN index is used, since @> is not leakproof; the equality of texts is. Workflows without metadata
pay a comparison.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261121_99"
down_revision = "20261121_98"
branch_labels = None
depends_on = None

WORKSPACE = "(SELECT nullif(current_setting('proofroom.workspace_id', true), '')::uuid)"
PAIRS = """
INSERT INTO workflow_metadata (workspace_id, workflow_id, key, value, created_at)
SELECT {w}.workspace_id, {w}.id, m.key, m.value #>> '{{}}', {w}.created_at FROM {source} jsonb_each({w}.metadata) m
WHERE jsonb_typeof(m.value) IN ('string', 'number', 'boolean')
    AND length(m.key) <= 255 AND length(m.value #>> '{{}}') <= 255
"""
KEEP_METADATA = f"""
CREATE FUNCTION keep_metadata() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    {PAIRS.format(w="NEW", source="")};
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "workflow_metadata",
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "workflow_id"],
            ["workflows.workspace_id", "workflows.id"],
            name=op.f("fk_workflow_metadata_workspace_id_workflow_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_workflow_metadata_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workflow_id", "key", name=op.f("pk_workflow_metadata")),
    )
    newest = ["created_at DESC", "workflow_id DESC"]
    op.create_index(
        "ix_workflow_metadata_pair",
        "workflow_metadata",
        ["workspace_id", "key", "value", *map(sa.literal_column, newest)],
    )
    op.execute("ALTER TABLE workflow_metadata ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE workflow_metadata FORCE ROW LEVEL SECURITY")
    _policy("workspace_all", "proofroom_app", f"workspace_id = {WORKSPACE}")
    _policy("service_all", "proofroom_service", f"{WORKSPACE} IS NULL OR workspace_id = {WORKSPACE}")
    op.execute("GRANT SELECT ON workflow_metadata TO proofroom_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON workflow_metadata TO proofroom_service")
    op.execute(
        "CREATE TRIGGER trg_workflow_metadata_updated_at BEFORE UPDATE ON workflow_metadata "
        "FOR EACH ROW EXECUTE FUNCTION set_updated_at()"
    )
    op.execute(KEEP_METADATA)
    op.execute("REVOKE ALL ON FUNCTION keep_metadata() FROM PUBLIC")
    op.execute(
        "CREATE TRIGGER trg_workflows_metadata AFTER INSERT ON workflows "
        "FOR EACH ROW WHEN (NEW.metadata <> '{}') EXECUTE FUNCTION keep_metadata()"
    )
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    op.execute("ALTER FUNCTION keep_metadata() OWNER TO proofroom_service")
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")
    # As a role that row security lets see what is there.
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute(PAIRS.format(w="w", source="workflows w,"))
    op.execute("RESET ROLE")


def downgrade() -> None:
    op.execute("DROP TRIGGER trg_workflows_metadata ON workflows")
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute("DROP FUNCTION keep_metadata()")
    op.execute("RESET ROLE")
    op.drop_table("workflow_metadata")


def _policy(name: str, role: str, condition: str) -> None:
    op.execute(
        f"CREATE POLICY workflow_metadata_{name} ON workflow_metadata FOR ALL TO {role} "
        f"USING ({condition}) WITH CHECK ({condition})"
    )
