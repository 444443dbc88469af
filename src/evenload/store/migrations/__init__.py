"""The history of the schema. `evenload db upgrade` runs it; opening a database does so too."""
