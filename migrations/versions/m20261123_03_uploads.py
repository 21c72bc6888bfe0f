"""Files keep their names, uploads can be gone on with, and what is stored goes with its row."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_03"
down_revision = "20261123_02"
branch_labels = None
depends_on = None

WORKSPACE = "(SELECT nullif(current_setting('proofroom.workspace_id', true), '')::uuid)"
NEWEST: list[str | sa.ColumnElement[object]] = [
    sa.literal_column("created_at DESC"),
    sa.literal_column("id DESC"),
]
# By triggers, since rows also go with their project or workspace. Below everything else in the queue: nobody waits.
FUNCTIONS = {
    name: f"""
CREATE FUNCTION {name}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, procrastinate, pg_temp AS $$
BEGIN
    PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW('default', '{name}', -1, NULL, NULL,
        jsonb_build_object({argument}), NULL
    )::procrastinate_job_to_defer_v1]);
    RETURN NULL;
END $$
"""
    for name, argument in (("delete_object", "'path', OLD.path"), ("delete_staging", "'upload_id', OLD.id"))
}
TRIGGERS = {"files": ("object", "delete_object"), "uploads": ("staging", "delete_staging")}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("files", sa.Column("name", sa.String(length=255), server_default="file", nullable=False))
    op.alter_column("files", "name", server_default=None)
    op.create_index("ix_files_project_id_created_at", "files", ["project_id", *NEWEST])
    _uploads()
    _parts()
    for table in ("uploads", "upload_parts"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        _policy(table, "workspace_all", "proofroom_app", f"workspace_id = {WORKSPACE}")
        _policy(
            table, "service_all", "proofroom_service", f"{WORKSPACE} IS NULL OR workspace_id = {WORKSPACE}"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO proofroom_app, proofroom_service")
        op.execute(
            f"CREATE TRIGGER trg_{table}_updated_at BEFORE UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION set_updated_at()"
        )
    op.execute("GRANT CREATE ON SCHEMA public TO proofroom_service")
    for name, body in FUNCTIONS.items():
        op.execute(body)
        op.execute(f"REVOKE ALL ON FUNCTION {name}() FROM PUBLIC")
    for table, (trigger, function) in TRIGGERS.items():
        op.execute(
            f"CREATE TRIGGER trg_{table}_{trigger} AFTER DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {function}()"
        )
    for name in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {name}() OWNER TO proofroom_service")
    op.execute("REVOKE CREATE ON SCHEMA public FROM proofroom_service")


def downgrade() -> None:
    op.execute("DROP TRIGGER trg_files_object ON files")
    op.drop_table("upload_parts")
    op.drop_table("uploads")
    op.execute("SET LOCAL ROLE proofroom_service")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")
    op.execute("RESET ROLE")
    op.drop_index("ix_files_project_id_created_at", "files")
    op.drop_column("files", "name")


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("metadata", sa.Text(), server_default="", nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        *_times(),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_uploads_user_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "project_id"],
            ["projects.workspace_id", "projects.id"],
            name=op.f("fk_uploads_workspace_id_project_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_uploads_workspace_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("received BETWEEN 0 AND length", name=op.f("ck_uploads_received")),
        sa.CheckConstraint("char_length(metadata) <= 4000", name=op.f("ck_uploads_metadata_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_uploads_workspace_id_id")),
    )
    op.create_index(op.f("ix_uploads_user_id"), "uploads", ["user_id"])
    op.create_index(op.f("ix_uploads_expires_at"), "uploads", ["expires_at"])
    op.create_index("ix_uploads_project_id_created_at", "uploads", ["project_id", *NEWEST])


def _parts() -> None:
    op.create_table(
        "upload_parts",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        *_times(),
        sa.ForeignKeyConstraint(
            ["workspace_id", "upload_id"],
            ["uploads.workspace_id", "uploads.id"],
            name=op.f("fk_upload_parts_workspace_id_upload_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_upload_parts_workspace_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("size > 0", name=op.f("ck_upload_parts_size")),
        sa.PrimaryKeyConstraint("upload_id", "position", name=op.f("pk_upload_parts")),
    )
    op.create_index(
        op.f("ix_upload_parts_workspace_id_upload_id"), "upload_parts", ["workspace_id", "upload_id"]
    )


def _times() -> list[sa.Column[object]]:
    return [
        sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
        for name in ("created_at", "updated_at")
    ]


def _policy(table: str, name: str, role: str, condition: str) -> None:
    op.execute(
        f"CREATE POLICY {table}_{name} ON {table} FOR ALL TO {role} USING ({condition}) WITH CHECK ({condition})"
    )
