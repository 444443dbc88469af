"""What is known of when stations were away, of the fallback of each EVSE, and of the last transaction of a session."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Bring the tables forward."""
    op.add_column("stations", sa.Column("fallbacks_kw", TEXT))
    op.add_column("stations", sa.Column("back_at", sa.BigInteger()))
    op.add_column("sessions", sa.Column("heard_at", sa.BigInteger()))
    op.add_column("sessions", sa.Column("transaction_ended", TEXT, nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("energy_kwh_ended", sa.Float(), nullable=False, server_default="0"))
