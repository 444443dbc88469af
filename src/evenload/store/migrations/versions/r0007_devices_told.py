"""How often devices may be told something new in a session, and how long that stands at the least."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the tables forward."""
    op.add_column("devices", sa.Column("commands_max", WHOLE))
    op.add_column("devices", sa.Column("dwell_minutes", sa.Float(), nullable=False, server_default="0"))
