"""Where what happened is kept: in memory, or in SQLite."""
