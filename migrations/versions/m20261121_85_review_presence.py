"""Who is looking at a review just now. Not logged: after a crash nobody is, until they say so again."""

import sqlalchemy as sa
from alembic import op

revision = "20261121_85"
down_revision = "20261121_80"
branch_labels = None
depends_on = None

WORKSPACE = "(SELECT nullif(current_setting('proofroom.workspace_id', true), '')::uuid)"
RIGHTS = "SELECT, INSERT, UPDATE, DELETE"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "review_presence",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "review_id"],
            ["reviews.workspace_id", "reviews.id"],
            name=op.f("fk_review_presence_workspace_id_review_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_review_presence_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_review_presence_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("review_id", "user_id", name=op.f("pk_review_presence")),
        prefixes=["UNLOGGED"],
    )
    op.create_index(
        op.f("ix_review_presence_workspace_id_seen_at"), "review_presence", ["workspace_id", "seen_at"]
    )
    op.create_index(op.f("ix_review_presence_user_id"), "review_presence", ["user_id"])
    op.execute("ALTER TABLE review_presence ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE review_presence FORCE ROW LEVEL SECURITY")
    _policy("workspace_all", "proofroom_app", f"workspace_id = {WORKSPACE}")
    _policy("service_all", "proofroom_service", f"{WORKSPACE} IS NULL OR workspace_id = {WORKSPACE}")
    op.execute(f"GRANT {RIGHTS} ON review_presence TO proofroom_app, proofroom_service")
    op.execute(
        "CREATE TRIGGER trg_review_presence_updated_at BEFORE UPDATE ON review_presence "
        "FOR EACH ROW EXECUTE FUNCTION set_updated_at()"
    )


def downgrade() -> None:
    op.drop_table("review_presence")


def _policy(name: str, role: str, condition: str) -> None:
    op.execute(
        f"CREATE POLICY review_presence_{name} ON review_presence FOR ALL TO {role} "
        f"USING ({condition}) WITH CHECK ({condition})"
    )
