"""Questions about one person, event or card are answered by an index, not by a look at all rows of the tenant."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from evenload.store.sql.store import opened

NOW = datetime(2026, 1, 13, tzinfo=UTC)
ASKED: dict[str, Callable[[Any], object]] = {
    "consents_by_person": lambda unit: unit.consents.of_person("t", "ann"),
    "driver_wishes_by_driver": lambda unit: unit.wishes.of("t", "ann"),
    "driver_wishes_that_hold": lambda unit: unit.wishes.of_vehicle("t", "leaf"),
    "driver_choices_by_driver": lambda unit: unit.wishes.unsettled("t", NOW, ["ann"]),
    "driver_choices_by_start": lambda unit: unit.wishes.unsettled("t", NOW),
    "driver_promises_by_session": lambda unit: unit.promises.of("t", "s"),
    "drivers_by_user": lambda unit: unit.drivers.of_user("t", "u"),
    "car_acts_by_event": lambda unit: unit.cars.acts_of_event("t", "peak"),
    "car_acts_by_event ": lambda unit: unit.cars.counts_of_event("t", "peak"),
    "car_acts_under_way": lambda unit: unit.cars.acts_under_way("t"),
    "car_acts_by_car": lambda unit: unit.cars.acts_of_car("t", "leaf", 5),
    "survey_invitations_by_person": lambda unit: unit.surveys.invitations("t", person_id="ann"),
    "messages_by_person": lambda unit: unit.messages.of_person("t", "ann"),
    "vehicles_by_token": lambda unit: unit.vehicles.with_tokens("t", ["card"]),
}


@pytest.mark.parametrize("index", ASKED)
def test_its_index_answers_it(index: str, tmp_path: Path) -> None:
    with opened(tmp_path / "kept.db") as store:
        asked = list[tuple[str, Any]]()
        with store.reading() as unit:
            event.listen(
                unit.drivers.connection, "before_cursor_execute",
                lambda _c, _cursor, statement, parameters, *_: asked.append((statement, parameters)),
            )  # fmt: skip
            ASKED[index](unit)
            (statement, parameters), *_ = asked
            plan = unit.drivers.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    assert f"USING INDEX {index.strip()}" in " ".join(row[3] for row in plan)
