"""Identities and everything else can be kept apart, or in one database of a server."""

from pathlib import Path

from evenload.app.people import people_of
from evenload.app.settings import Settings


def test_they_lie_beside_the_database_unless_told_otherwise(tmp_path: Path) -> None:
    beside = Settings(database=tmp_path / "main.db", secret_file=tmp_path / "secret")
    assert beside.people_store == tmp_path / "main.people.db"
    with people_of(beside) as people:
        assert people.name == str(tmp_path / "main.people.db")
    apart = beside.model_copy(update={"people_database_url": "postgresql://ann:pw@host/people"})
    assert apart.people_store == "postgresql://ann:pw@host/people"
    assert "pw" not in repr(apart)
