"""Webhooks and their deliveries.

Nothing is enqueued where events are written: a worker reads them by position, as the streams do.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from models.base import TransactionId

revision = "20261121_98"
down_revision = "20261121_96"
branch_labels = None
depends_on = None

WORKSPACE = "(SELECT nullif(current_setting('proofroom.workspace_id', true), '')::uuid)"
NEWEST: list[str | sa.ColumnElement[object]] = [
    sa.literal_column("created_at DESC"),
    sa.literal_column("id DESC"),
]
TABLES = {
    "webhooks": "SELECT, INSERT, UPDATE, DELETE",
    "webhook_deliveries": "SELECT, INSERT, UPDATE",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _webhooks()
    _deliveries()
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
    op.execute(
        "CREATE TRIGGER trg_webhooks_audit AFTER INSERT OR UPDATE OF url, events, status, secret OR DELETE ON webhooks "
        "FOR EACH ROW EXECUTE FUNCTION audit('secret', 'previous_secret')"
    )


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        *_keys(),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column(
            "events", postgresql.ARRAY(sa.String(length=50)), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("status", sa.String(length=20), server_default="active", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "after_xid",
            TransactionId(),
            server_default=sa.text("pg_snapshot_xmin(pg_current_snapshot())"),
            nullable=False,
        ),
        sa.Column("after_row", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        *_times(),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_webhooks_user_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_webhooks_workspace_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("status IN ('active', 'paused', 'disabled')", name=op.f("ck_webhooks_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_webhooks_workspace_id_id")),
    )
    op.create_index(
        op.f("ix_webhooks_user_id"), "webhooks", ["user_id"], postgresql_where=sa.text("user_id IS NOT NULL")
    )
    active = sa.text("status = 'active'")
    op.create_index("ix_webhooks_active", "webhooks", ["workspace_id"], postgresql_where=active)
    op.create_index("ix_webhooks_workspace_id_created_at", "webhooks", ["workspace_id", *NEWEST])


def _deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        *_keys(),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("event_xid", TransactionId(), nullable=True),
        sa.Column("event_row", sa.BigInteger(), nullable=True),
        sa.Column("workflow_id", sa.Uuid(), nullable=True),
        sa.Column("type", sa.String(length=50), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="pending", nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "give_up_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now() + interval '1 day'"),
            nullable=False,
        ),
        sa.Column(
            "attempts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        *_times(),
        sa.ForeignKeyConstraint(
            ["workspace_id", "webhook_id"],
            ["webhooks.workspace_id", "webhooks.id"],
            name=op.f("fk_webhook_deliveries_workspace_id_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_webhook_deliveries_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'delivered', 'dead')", name=op.f("ck_webhook_deliveries_status")
        ),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_webhook_deliveries_tries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_webhook_deliveries_workspace_id_id")),
        sa.UniqueConstraint(
            "webhook_id",
            "event_xid",
            "event_row",
            name=op.f("uq_webhook_deliveries_webhook_id_event_xid_event_row"),
        ),
    )
    table = "webhook_deliveries"
    pending, untried = sa.text("status = 'pending'"), sa.text("status = 'pending' AND tries = 0")
    op.create_index(
        "ix_webhook_deliveries_due",
        table,
        ["webhook_id", "due_at", "event_xid", "event_row"],
        postgresql_where=pending,
    )
    op.create_index(
        "ix_webhook_deliveries_untried",
        table,
        ["webhook_id", "workflow_id", "event_xid", "event_row"],
        postgresql_where=untried,
    )
    leased = sa.text("lease_until IS NOT NULL")
    op.create_index(
        "ix_webhook_deliveries_leased", table, ["webhook_id", "lease_until"], postgresql_where=leased
    )
    op.create_index(op.f("ix_webhook_deliveries_created_at"), table, ["created_at"])
    op.create_index("ix_webhook_deliveries_webhook_id_created_at", table, ["webhook_id", *NEWEST])
    op.create_index(
        "ix_webhook_deliveries_webhook_id_status_created_at", table, ["webhook_id", "status", *NEWEST]
    )


def _keys() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
    ]


def _times() -> list[sa.Column[object]]:
    return [
        sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
        for name in ("created_at", "updated_at")
    ]


def _policy(table: str, name: str, role: str, condition: str) -> None:
    op.execute(
        f"CREATE POLICY {table}_{name} ON {table} FOR ALL TO {role} USING ({condition}) WITH CHECK ({condition})"
    )
