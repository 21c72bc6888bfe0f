"""The templates that Proofroom comes with."""

from typing import Final
from uuid import UUID, uuid5

import sqlalchemy as sa
from alembic import op

revision = "20261121_30"
down_revision = "20261121_20"
branch_labels = None
depends_on = None

NAMESPACE: Final = UUID("5d2f6c1e-6f0a-4e7e-9a52-3a6d1c0f4b11")
"""Ids follow from the names, so that every installation knows a template by the same id."""

TEMPLATES: Final = {
    "How-to article": (
        "blog",
        "Write an article that shows {audience} how to {topic}. Begin with what the reader will be able to do at the "
        "end, then go step by step, one section for each step, each with an example. Close with the mistakes that "
        "are made most often and a next step. Tone: {tone_of_voice}.",
    ),
    "Announcement article": (
        "blog",
        "Announce {topic} to {audience}. Say in the first paragraph what is new and for whom it matters, then why it "
        "was made, how it works and how to get it. Name limits honestly. Tone: {tone_of_voice}.",
    ),
    "Lesson learned": (
        "linkedin",
        "Tell {audience} one lesson about {topic}. Open with the moment in which it was learned, say what was "
        "believed before and what is true, and end with one thing to try tomorrow. Tone: {tone_of_voice}.",
    ),
    "News in brief": (
        "linkedin",
        "Tell {audience} about {topic}: what happened, why it matters to them, what they can do now. Short "
        "paragraphs, the strongest fact first. Tone: {tone_of_voice}.",
    ),
    "One idea": (
        "twitter",
        "Say one thing about {topic} that {audience} will want to repeat. One complete thought, no preamble. "
        "Tone: {tone_of_voice}.",
    ),
    "Picture caption": (
        "instagram",
        "Write the caption of a picture about {topic} for {audience}: a first line that works alone, a short story, "
        "and a question to answer. Tone: {tone_of_voice}.",
    ),
    "Newsletter": (
        "email",
        "Write a newsletter to {audience} about {topic}. A subject line of at most 50 characters, a greeting, three "
        "short paragraphs and one thing to do. Tone: {tone_of_voice}.",
    ),
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    templates = sa.table(
        "templates",
        sa.column("id", sa.Uuid()),
        sa.column("name", sa.String()),
        sa.column("type", sa.String()),
        sa.column("prompt", sa.Text()),
        sa.column("is_custom", sa.Boolean()),
    )
    rows = [
        {"id": uuid5(NAMESPACE, name), "name": name, "type": kind, "prompt": prompt, "is_custom": False}
        for name, (kind, prompt) in TEMPLATES.items()
    ]
    # Row security holds the tables' owner too; the service's policy admits what belongs to no workspace.
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute(sa.insert(templates).values(rows))
    op.execute("RESET ROLE")


def downgrade() -> None:
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute("DELETE FROM templates WHERE NOT is_custom")
    op.execute("RESET ROLE")
