"""Views: read through row security, written by nobody."""

from sqlalchemy import Column, DateTime, MetaData, String, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

outputs = Table(
    "outputs",
    metadata,
    Column("id", Uuid),
    Column("workspace_id", Uuid),
    Column("user_id", Uuid),
    Column("project_id", Uuid),
    Column("workflow_id", Uuid),
    Column("platform", String(20)),
    Column("kind", Text),
    Column("status", Text),
    Column("request", JSONB),
    Column("body", Text),
    Column("metadata", JSONB),
    Column("created_at", DateTime(timezone=True)),
    Column("updated_at", DateTime(timezone=True)),
    Column("thread_status", String(20)),
    Column("workflow_status", String(20)),
)
"""A row for each platform state, as old as its workflow. kind: blog, social, email; status: queued, processing, completed,
failed; metadata: word_count, reading_time (minutes), keywords, generated_at."""
