"""Indexes that a full database needs, and none that nothing reads.

The workspace of a session is not known when a statement is planned, so that an index on it alone looks more selective
than it is in a big workspace: it is combined with the column that really selects. Under row security no GIN index is
used (neither @@ nor @> is leakproof). References that are mostly NULL leave the NULLs out.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261121_40"
down_revision = "20261121_35"
branch_labels = None
depends_on = None

NEWEST: list[Any] = [sa.literal_column("created_at DESC"), sa.literal_column("id DESC")]

# (table, columns, only where this column is not NULL)
ADDED: tuple[tuple[str, list[Any], str | None], ...] = (
    ("workflows", ["workspace_id", "project_id", *NEWEST], "project_id"),
    ("workflows", ["workspace_id", "campaign_id", *NEWEST], "campaign_id"),
    ("workflows", ["source_post_id"], "source_post_id"),
    ("workflows", ["template_id"], "template_id"),
    ("platform_states", ["workspace_id", "workflow_id"], None),
    ("drafts", ["based_on_id"], "based_on_id"),
    ("evaluations", ["workspace_id", "draft_id"], None),
    ("token_usage", ["workspace_id", "workflow_id"], None),
    ("token_usage", ["post_id"], "post_id"),
    ("reviews", ["workspace_id", *NEWEST], None),
    ("reviews", ["workspace_id", "assignee_id", *NEWEST], "assignee_id"),
    ("reviews", ["connected_account_id"], "connected_account_id"),
    ("reviews", ["decided_by"], "decided_by"),
    ("reviews", ["assignee_id"], "assignee_id"),
    ("posts", ["campaign_id"], "campaign_id"),
)
# As they were: (table, columns, options)
DROPPED: tuple[tuple[str, list[Any], dict[str, Any]], ...] = (
    ("workflows", ["project_id"], {}),
    ("workflows", ["campaign_id"], {}),
    ("workflows", ["source_post_id"], {}),
    ("workflows", ["template_id"], {}),
    (
        "threads",
        ["metadata"],
        {"postgresql_using": "gin", "postgresql_ops": {"metadata": "jsonb_path_ops"}},
    ),
    ("threads", ["workspace_id", "status", *NEWEST], {}),
    ("threads", ["workspace_id", *NEWEST], {}),
    ("platform_states", ["workspace_id", "id"], {}),
    ("platform_states", ["workspace_id", "platform", *NEWEST], {}),
    ("drafts", ["based_on_id"], {}),
    ("drafts", ["workspace_id", "platform", *NEWEST], {}),
    ("evaluations", ["draft_id"], {}),
    ("evaluations", ["workspace_id", "score"], {}),
    ("token_usage", ["workflow_id"], {}),
    ("token_usage", ["post_id"], {}),
    ("reviews", ["workspace_id", "assignee_id", *NEWEST], {}),
    ("reviews", ["connected_account_id"], {}),
    ("reviews", ["decided_by"], {}),
    ("reviews", ["assignee_id"], {}),
    ("posts", ["campaign_id"], {}),
    ("posts", ["source_post_id"], {}),
    ("posts", ["search_vector"], {"postgresql_using": "gin"}),
    ("posts", ["workspace_id", "content_type", *NEWEST], {}),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, columns, _ in DROPPED:
        op.drop_index(_name(table, columns), table)
    for table, columns, present in ADDED:
        where = sa.text(f"{present} IS NOT NULL") if present else None
        op.create_index(_name(table, columns), table, columns, postgresql_where=where)
    op.execute("ALTER TABLE threads SET (fillfactor = 80)")


def downgrade() -> None:
    op.execute("ALTER TABLE threads RESET (fillfactor)")
    for table, columns, _ in ADDED:
        op.drop_index(_name(table, columns), table)
    for table, columns, options in DROPPED:
        op.create_index(_name(table, columns), table, columns, **options)


def _name(table: str, columns: list[Any]) -> str:
    ends = "created_at" if columns[-2:] == NEWEST else None
    plain = columns[:-2] if ends else columns
    return "_".join(["ix", table, *plain, *([ends] if ends else [])])
