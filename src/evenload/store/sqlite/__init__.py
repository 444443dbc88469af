"""A store in one SQLite file, which several processes may use at once."""
