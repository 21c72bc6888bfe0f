"""What was said in recordings, and the clips cut from them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from models.security import protect, triggers

revision = "20261123_06"
down_revision = "20261123_05"
branch_labels = None
depends_on = None

SECONDS = sa.Numeric(9, 3)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _transcriptions()
    _clips()
    # Whoever makes a trigger must be allowed to call its function, which is the service's.
    _as_service("GRANT EXECUTE ON FUNCTION delete_object() TO SESSION_USER")
    for name in ("transcriptions", "clips"):
        table = sa.Table(name, sa.MetaData())
        for statement in (*protect(table), *triggers(table)):
            op.execute(statement)
    _as_service("REVOKE EXECUTE ON FUNCTION delete_object() FROM SESSION_USER")


def downgrade() -> None:
    op.drop_table("clips")
    op.drop_table("transcriptions")


def _as_service(statement: str) -> None:
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute(statement)
    op.execute("RESET ROLE")


def _transcriptions() -> None:
    op.create_table(
        "transcriptions",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("seconds", SECONDS, nullable=False),
        sa.Column("text", sa.Text(), server_default=sa.text("''"), nullable=False),
        *(
            sa.Column(name, postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False)
            for name in ("segments", "pieces")
        ),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clips_status", sa.String(length=20), server_default="none", nullable=False),
        sa.Column("clips_error", sa.Text(), nullable=True),
        *_times(),
        *_parents("transcriptions"),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_transcriptions_seconds")),
        sa.CheckConstraint(
            "clips_status IN ('none', 'pending', 'completed', 'failed')",
            name=op.f("ck_transcriptions_clips_status"),
        ),
        sa.CheckConstraint(
            "char_length(clips_error) <= 2000", name=op.f("ck_transcriptions_clips_error_length")
        ),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_transcriptions")),
    )
    op.create_index(
        op.f("ix_transcriptions_workspace_id_file_id"), "transcriptions", ["workspace_id", "file_id"]
    )


def _clips() -> None:
    op.create_table(
        "clips",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("start", SECONDS, nullable=False),
        sa.Column("end", SECONDS, nullable=False),
        sa.Column("status", sa.String(length=20), server_default="found", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("path", sa.String(length=500), nullable=True),
        sa.Column("mime_type", sa.String(length=255), nullable=True),
        *_times(),
        *_parents("clips"),
        sa.CheckConstraint("start >= 0", name=op.f("ck_clips_start")),
        sa.CheckConstraint('"end" >= start', name=op.f("ck_clips_times")),
        sa.CheckConstraint("(status = 'cut') = (path IS NOT NULL)", name=op.f("ck_clips_cut")),
        sa.CheckConstraint("char_length(quote) <= 5000", name=op.f("ck_clips_quote_length")),
        sa.CheckConstraint("char_length(error) <= 2000", name=op.f("ck_clips_error_length")),
        sa.CheckConstraint("status IN ('found', 'pending', 'cut', 'failed')", name=op.f("ck_clips_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clips")),
        sa.UniqueConstraint("path", name=op.f("uq_clips_path")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_clips_workspace_id_id")),
    )
    newest: list[sa.ColumnElement[object]] = [
        sa.literal_column("created_at DESC"),
        sa.literal_column("id DESC"),
    ]
    op.create_index("ix_clips_file_id_created_at", "clips", ["file_id", *newest])


def _parents(table: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(
            ["workspace_id", "file_id"],
            ["files.workspace_id", "files.id"],
            name=op.f(f"fk_{table}_workspace_id_file_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f(f"fk_{table}_workspace_id"), ondelete="CASCADE"
        ),
    ]


def _times() -> list[sa.Column[object]]:
    return [
        sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
        for name in ("created_at", "updated_at")
    ]
