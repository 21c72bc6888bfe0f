"""Mailing lists, who is on them, and what became of each newsletter; and the way off a list, for readers."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_07"
down_revision = "20261123_06"
branch_labels = None
depends_on = None

WORKSPACE = "(SELECT nullif(current_setting('proofroom.workspace_id', true), '')::uuid)"
NEWEST: list[str | sa.ColumnElement[object]] = [
    sa.literal_column("created_at DESC"),
    sa.literal_column("id DESC"),
]
TABLES = {
    "mailing_lists": "SELECT, INSERT, UPDATE, DELETE",
    "subscribers": "SELECT, INSERT, UPDATE, DELETE",
    "email_deliveries": "SELECT",
}
DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
FUNCTIONS = {
    "find_subscription(bytea)": f"""
CREATE FUNCTION find_subscription(p_token_hash bytea) RETURNS TABLE (list_name varchar, status varchar)
LANGUAGE sql STABLE {DEFINER} AS $$
    SELECT l.name, s.status
    FROM email_deliveries d JOIN subscribers s ON s.id = d.subscriber_id JOIN mailing_lists l ON l.id = s.list_id
    WHERE d.token_hash = p_token_hash
$$
""",
    "unsubscribe(bytea)": f"""
CREATE FUNCTION unsubscribe(p_token_hash bytea) RETURNS TABLE (list_name varchar)
LANGUAGE plpgsql VOLATILE {DEFINER} AS $$
BEGIN
    UPDATE subscribers s SET status = 'unsubscribed', ended_at = now()
    FROM email_deliveries d
    WHERE d.token_hash = p_token_hash AND s.id = d.subscriber_id AND s.status = 'subscribed';
    RETURN QUERY SELECT f.list_name FROM find_subscription(p_token_hash) f;
END $$
""",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _lists()
    _subscribers()
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
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    for signature, function in FUNCTIONS.items():
        op.execute(function)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO proofroom_app")
        op.execute(f"ALTER FUNCTION {signature} OWNER TO proofroom_service")
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")


def downgrade() -> None:
    op.execute("SET LOCAL ROLE proofroom_service")
    for signature in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {signature}")
    op.execute("RESET ROLE")
    for table in reversed(TABLES):
        op.drop_table(table)


def _lists() -> None:
    op.create_table(
        "mailing_lists",
        *_keys(),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        *_times(),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_mailing_lists_user_id"), ondelete="SET NULL"
        ),
        _workspace("mailing_lists"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing_lists")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_mailing_lists_workspace_id_id")),
        sa.UniqueConstraint("workspace_id", "name", name=op.f("uq_mailing_lists_workspace_id_name")),
    )
    op.create_index(
        op.f("ix_mailing_lists_user_id"),
        "mailing_lists",
        ["user_id"],
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_index("ix_mailing_lists_workspace_id_created_at", "mailing_lists", ["workspace_id", *NEWEST])


def _subscribers() -> None:
    table = "subscribers"
    op.create_table(
        table,
        *_keys(),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=False),
        sa.Column("email_index", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="subscribed", nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *_times(),
        _reference(table, "list_id", "mailing_lists", "CASCADE"),
        _workspace(table),
        sa.CheckConstraint(
            "status IN ('subscribed', 'unsubscribed', 'bounced')", name=op.f("ck_subscribers_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_subscribers_workspace_id_id")),
        sa.UniqueConstraint("list_id", "email_index", name=op.f("uq_subscribers_list_id_email_index")),
    )
    op.create_index(op.f("ix_subscribers_workspace_id_email_index"), table, ["workspace_id", "email_index"])
    subscribed = sa.text("status = 'subscribed'")
    op.create_index("ix_subscribers_to_be_mailed", table, ["list_id", "id"], postgresql_where=subscribed)
    op.create_index("ix_subscribers_list_id_created_at", table, ["list_id", *NEWEST])
    op.create_index("ix_subscribers_list_id_status_created_at", table, ["list_id", "status", *NEWEST])


def _deliveries() -> None:
    table = "email_deliveries"
    op.create_table(
        table,
        *_keys(),
        sa.Column("publishing_job_id", sa.Uuid(), nullable=False),
        sa.Column("subscriber_id", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.String(length=20), server_default="sending", nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        *_times(),
        _reference(table, "publishing_job_id", "publishing_jobs", "CASCADE"),
        _reference(table, "subscriber_id", "subscribers", "SET NULL (subscriber_id)"),
        _workspace(table),
        sa.CheckConstraint(
            "outcome IN ('sending', 'sent', 'deferred', 'failed', 'bounced', 'unknown')",
            name=op.f("ck_email_deliveries_outcome"),
        ),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_email_deliveries_tries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_deliveries")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_email_deliveries_token_hash")),
        sa.UniqueConstraint(
            "publishing_job_id",
            "subscriber_id",
            name=op.f("uq_email_deliveries_publishing_job_id_subscriber_id"),
        ),
    )
    op.create_index(
        op.f("ix_email_deliveries_subscriber_id"),
        table,
        ["subscriber_id"],
        postgresql_where=sa.text("subscriber_id IS NOT NULL"),
    )
    still_open = sa.text("outcome IN ('sending', 'deferred')")
    op.create_index(
        "ix_email_deliveries_open", table, ["publishing_job_id", "due_at"], postgresql_where=still_open
    )
    op.create_index("ix_email_deliveries_workspace_id", table, ["workspace_id"])
    op.create_index("ix_email_deliveries_publishing_job_id_created_at", table, ["publishing_job_id", *NEWEST])
    op.create_index(
        "ix_email_deliveries_publishing_job_id_outcome_created_at",
        table,
        ["publishing_job_id", "outcome", *NEWEST],
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
