"""Feeds that are followed, and their entries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261123_09"
down_revision = "20261123_08"
branch_labels = None
depends_on = None

WORKSPACE = "(SELECT nullif(current_setting('proofroom.workspace_id', true), '')::uuid)"
NEWEST: list[str | sa.ColumnElement[object]] = [
    sa.literal_column("created_at DESC"),
    sa.literal_column("id DESC"),
]
TABLES = {"feeds": "SELECT, INSERT, UPDATE, DELETE", "feed_entries": "SELECT, INSERT, UPDATE"}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _feeds()
    _entries()
    for table, rights in TABLES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        _policy(table, "workspace_all", "proofroom_app", f"workspace_id = {WORKSPACE}")
        _policy(
            table, "service_all", "proofroom_service", f"{WORKSPACE} IS NULL OR workspace_id = {WORKSPACE}"
        )
        op.execute(f"GRANT {rights} ON {table} TO proofroom_app")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO proofroom_service")
        op.execute(
            f"CREATE TRIGGER trg_{table}_updated_at BEFORE UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION set_updated_at()"
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _feeds() -> None:
    table = "feeds"
    op.create_table(
        table,
        *_keys(),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=True),
        sa.Column("site_url", sa.String(length=2048), nullable=True),
        sa.Column("rule", JSONB(), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="active", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("error_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("etag", sa.String(length=1000), nullable=True),
        sa.Column("last_modified", sa.String(length=100), nullable=True),
        sa.Column("interval_seconds", sa.Integer(), server_default=sa.text("3600"), nullable=False),
        _time("next_fetch_at", server_default=sa.text("now()"), nullable=False),
        _time("fetched_at"),
        sa.Column("epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        *_times(),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_feeds_user_id"), ondelete="SET NULL"
        ),
        _workspace(table),
        sa.CheckConstraint("status IN ('active', 'paused')", name=op.f("ck_feeds_status")),
        *(
            sa.CheckConstraint(f"{column} >= 0", name=op.f(f"ck_feeds_{column}"))
            for column in ("error_count", "interval_seconds", "epoch")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feeds")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_feeds_workspace_id_id")),
    )
    op.create_index(
        op.f("ix_feeds_user_id"), table, ["user_id"], postgresql_where=sa.text("user_id IS NOT NULL")
    )
    op.create_index("ix_feeds_due", table, ["next_fetch_at"], postgresql_where=sa.text("status = 'active'"))
    op.create_index("ix_feeds_workspace_id_created_at", table, ["workspace_id", *NEWEST])


def _entries() -> None:
    table = "feed_entries"
    op.create_table(
        table,
        *_keys(),
        sa.Column("feed_id", sa.Uuid(), nullable=False),
        sa.Column("guid", sa.Text(), nullable=False),
        sa.Column("guid_hash", sa.LargeBinary(), nullable=False),
        sa.Column("link_hash", sa.LargeBinary(), nullable=True),
        sa.Column("url", sa.String(length=2048), nullable=True),
        sa.Column("title", sa.String(length=500), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        _time("published_at"),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("workflow_id", sa.Uuid(), nullable=True),
        _time("started_at"),
        *_times(),
        _reference(table, "feed_id", "feeds", "CASCADE"),
        _reference(table, "workflow_id", "workflows", "SET NULL (workflow_id)"),
        _workspace(table),
        sa.CheckConstraint(
            "status IN ('seen', 'started', 'skipped', 'filtered')", name=op.f("ck_feed_entries_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_entries")),
        sa.UniqueConstraint("feed_id", "guid_hash", name=op.f("uq_feed_entries_feed_id_guid_hash")),
    )
    op.create_index(op.f("ix_feed_entries_workspace_id"), table, ["workspace_id"])
    op.create_index(op.f("ix_feed_entries_feed_id_link_hash"), table, ["feed_id", "link_hash"])
    op.create_index(
        op.f("ix_feed_entries_feed_id_started_at"),
        table,
        ["feed_id", "started_at"],
        postgresql_where=sa.text("started_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_feed_entries_workflow_id"),
        table,
        ["workflow_id"],
        postgresql_where=sa.text("workflow_id IS NOT NULL"),
    )
    op.create_index("ix_feed_entries_feed_id_created_at", table, ["feed_id", *NEWEST])
    op.create_index("ix_feed_entries_feed_id_status_created_at", table, ["feed_id", "status", *NEWEST])


def _keys() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
    ]


def _time(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **options)  # type: ignore[arg-type] # as given


def _times() -> list[sa.Column[object]]:
    return [
        _time(name, server_default=sa.text("now()"), nullable=False) for name in ("created_at", "updated_at")
    ]


def _workspace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id"], ["workspaces.id"], name=op.f(f"fk_{table}_workspace_id"), ondelete="CASCADE"
    )


def _reference(table: str, column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{target}.workspace_id", f"{target}.id"],
        name=op.f(f"fk_{table}_workspace_id_{column}"),
        ondelete=ondelete,
    )


def _policy(table: str, name: str, role: str, condition: str) -> None:
    op.execute(
        f"CREATE POLICY {table}_{name} ON {table} FOR ALL TO {role} USING ({condition}) WITH CHECK ({condition})"
    )
