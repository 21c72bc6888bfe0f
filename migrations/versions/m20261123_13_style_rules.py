"""Rules of style, proposed from what people edit; and an index of those edits."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261123_13"
down_revision = "20261123_12"
branch_labels = None
depends_on = None

WORKSPACE = "(SELECT nullif(current_setting('proofroom.workspace_id', true), '')::uuid)"
NEWEST: list[str | sa.ColumnElement[object]] = [
    sa.literal_column("created_at DESC"),
    sa.literal_column("id DESC"),
]
TABLE = "style_rules"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("scope", sa.String(length=20), server_default="workspace", nullable=False),
        sa.Column("platform", sa.String(length=20), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=True),
        sa.Column("subject", sa.String(length=200), server_default=sa.text("''"), nullable=False),
        sa.Column("rule", sa.String(length=500), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("edits", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="proposed", nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("earlier", JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], ["users.id"], name=op.f(f"fk_style_rules_{column}"), ondelete="SET NULL"
            )
            for column in ("user_id", "decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_style_rules_workspace_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("scope IN ('user', 'workspace')", name=op.f("ck_style_rules_scope")),
        sa.CheckConstraint("status IN ('proposed', 'active', 'dropped')", name=op.f("ck_style_rules_status")),
        sa.CheckConstraint("platform ~ '^[a-z][a-z0-9_]*$'", name=op.f("ck_style_rules_platform")),
        sa.CheckConstraint("edits >= 0", name=op.f("ck_style_rules_edits")),
        sa.CheckConstraint("char_length(before) <= 5000", name=op.f("ck_style_rules_before_length")),
        sa.CheckConstraint("char_length(after) <= 5000", name=op.f("ck_style_rules_after_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_style_rules")),
    )
    for column in ("user_id", "decided_by"):
        op.create_index(
            op.f(f"ix_style_rules_{column}"),
            TABLE,
            [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_index(
        "uq_style_rules_habit",
        TABLE,
        ["workspace_id", "user_id", "platform", "kind", "subject"],
        unique=True,
        postgresql_where=sa.text("kind IS NOT NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "ix_style_rules_workspace_id_status_created_at", TABLE, ["workspace_id", "status", *NEWEST]
    )
    op.create_index("ix_style_rules_workspace_id_created_at", TABLE, ["workspace_id", *NEWEST])
    op.create_index(
        "ix_reviews_edits",
        "reviews",
        ["decided_by", "platform", sa.literal_column("decided_at DESC")],
        postgresql_where=sa.text("decision = 'edit'"),
    )
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    _policy("workspace_all", "proofroom_app", f"workspace_id = {WORKSPACE}")
    _policy("service_all", "proofroom_service", f"{WORKSPACE} IS NULL OR workspace_id = {WORKSPACE}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {TABLE} TO proofroom_app")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {TABLE} TO proofroom_service")
    op.execute(
        f"CREATE TRIGGER trg_{TABLE}_updated_at BEFORE UPDATE ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION set_updated_at()"
    )


def downgrade() -> None:
    op.drop_index("ix_reviews_edits", table_name="reviews")
    op.drop_table(TABLE)


def _policy(name: str, role: str, condition: str) -> None:
    op.execute(
        f"CREATE POLICY {TABLE}_{name} ON {TABLE} FOR ALL TO {role} USING ({condition}) WITH CHECK ({condition})"
    )
