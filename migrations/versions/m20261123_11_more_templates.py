"""At least two templates for each type, and one that makes a thread."""

from typing import Final
from uuid import UUID, uuid5

import sqlalchemy as sa
from alembic import op

revision = "20261123_11"
down_revision = "20261123_10"
branch_labels = None
depends_on = None

NAMESPACE: Final = UUID("5d2f6c1e-6f0a-4e7e-9a52-3a6d1c0f4b11")
TEMPLATES: Final = {
    "Question and answer": (
        "twitter",
        "Answer the question that {audience} ask most about {topic}: the answer first, then the one fact that proves "
        "it. Tone: {tone_of_voice}.",
    ),
    "Thread": (
        "twitter",
        "Write a thread about {topic} for {audience}: a first post that works alone and says what the thread brings, "
        "then one thought to a post, each with a fact, and a last post with what to do now. Where only one post is "
        "possible, say the strongest thought. Tone: {tone_of_voice}.",
    ),
    "Behind the scenes": (
        "instagram",
        "Write the caption of a picture that shows {audience} how {topic} comes about: what is to be seen, what nobody "
        "would guess, and what it took. Short lines. Tone: {tone_of_voice}.",
    ),
    "Product update": (
        "email",
        "Write to {audience} about what is new: {topic}. A subject line that names the change, what they can do now "
        "that they could not before, how to begin, and what stays as it was. Tone: {tone_of_voice}.",
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
    for name in TEMPLATES:
        op.execute(sa.text("DELETE FROM templates WHERE id = :id").bindparams(id=uuid5(NAMESPACE, name)))
    op.execute("RESET ROLE")
