"""A store in SQL: one SQLite file, which several processes may use at once, or a PostgreSQL database."""
