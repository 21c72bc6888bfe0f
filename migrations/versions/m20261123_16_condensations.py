"""What models made of the pieces of long sources, so that five platforms do not pay for it five times."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261123_16"
down_revision = "20261123_15"
branch_labels = None
depends_on = None

WORKSPACE = "(SELECT nullif(current_setting('proofroom.workspace_id', true), '')::uuid)"
TABLE = "condensations"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("prompt_hash", sa.String(length=64), nullable=False),
        sa.Column("notes", JSONB(), nullable=True),
        sa.Column("thread_id", sa.Uuid(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "thread_id"],
            ["threads.workspace_id", "threads.id"],
            name=op.f("fk_condensations_workspace_id_thread_id"),
            ondelete="SET NULL (thread_id)",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_condensations_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("epoch >= 0", name=op.f("ck_condensations_epoch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_condensations")),
        sa.UniqueConstraint(
            "workspace_id",
            "prompt_hash",
            "model",
            name=op.f("uq_condensations_workspace_id_prompt_hash_model"),
        ),
    )
    op.create_index(
        op.f("ix_condensations_thread_id"),
        TABLE,
        ["thread_id"],
        postgresql_where=sa.text("thread_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_condensations_created_at"), TABLE, ["created_at"])
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    _policy("workspace_all", "proofroom_app", f"workspace_id = {WORKSPACE}")
    _policy("service_all", "proofroom_service", f"{WORKSPACE} IS NULL OR workspace_id = {WORKSPACE}")
    op.execute(f"GRANT SELECT ON {TABLE} TO proofroom_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {TABLE} TO proofroom_service")
    op.execute(
        f"CREATE TRIGGER trg_{TABLE}_updated_at BEFORE UPDATE ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION set_updated_at()"
    )


def downgrade() -> None:
    op.drop_table(TABLE)


def _policy(name: str, role: str, condition: str) -> None:
    op.execute(
        f"CREATE POLICY {TABLE}_{name} ON {TABLE} FOR ALL TO {role} USING ({condition}) WITH CHECK ({condition})"
    )
