"""What must be unique is so by an index with a name: constraints of early files have none."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAMES = {"uq": "uq_%(table_name)s_%(column_0_name)s"}


def upgrade() -> None:
    """Bring the tables forward."""
    for table, column, index in (("events", "digest", "events_by_digest"), ("orders", "order_id", "orders_by_id")):
        with op.batch_alter_table(table, naming_convention=NAMES) as batch:
            batch.drop_constraint(f"uq_{table}_{column}", type_="unique")
        op.create_index(index, table, [column], unique=True)
