"""Readings of one meter, and orders that are to be given, are found without a look at all the others."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STANDING = {"sqlite": "standing = 1", "postgresql": "standing"}


def upgrade() -> None:
    """Bring the tables forward."""
    dialect = op.get_bind().dialect.name
    to_give = sa.text(f"{STANDING[dialect]} OR settlement IN ('', 'no_answer')")
    op.create_index("orders_to_give", "orders", ["number"], sqlite_where=to_give, postgresql_where=to_give)
    if dialect == "sqlite":
        op.execute("CREATE INDEX readings_by_time ON readings (at / 300000000, meter)")
