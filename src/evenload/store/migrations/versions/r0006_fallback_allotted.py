"""Which fallbacks were allotted, and which are an operator's own."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables forward."""
    op.add_column("devices", sa.Column("fallback_allotted", sa.Boolean(), nullable=False, server_default=sa.false()))
