"""Mail that comes back later than the server's answer, and how readers have agreed to get it."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_18"
down_revision = "20261123_17"
branch_labels = None
depends_on = None

OUTCOMES = "'sending', 'sent', 'deferred', 'failed', 'bounced', 'unknown'"
NAME = "ck_email_deliveries_outcome"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("subscribers", sa.Column("consent", sa.String(length=500), nullable=True))
    _outcomes(f"{OUTCOMES}, 'returned'")
    op.execute("GRANT UPDATE (outcome, detail) ON email_deliveries TO proofroom_app")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("REVOKE UPDATE (outcome, detail) ON email_deliveries FROM proofroom_app")
    # As the service: row security holds the tables' owner, who would change none.
    op.execute("SET LOCAL ROLE proofroom_service")
    op.execute("UPDATE email_deliveries SET outcome = 'failed' WHERE outcome = 'returned'")
    op.execute("RESET ROLE")
    _outcomes(OUTCOMES)
    op.drop_column("subscribers", "consent")


def _outcomes(allowed: str) -> None:
    op.drop_constraint(op.f(NAME), "email_deliveries", type_="check")
    op.create_check_constraint(op.f(NAME), "email_deliveries", f"outcome IN ({allowed})")
