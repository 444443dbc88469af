from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from evenload.files.importers import norway
from evenload.files.importers.outcome import RowFlag, RowRepair

CELLS = st.one_of(
    st.sampled_from([None, "", "x", "0,5", "2019-01-10 18:00:00", "2019-01-11", "0001-01-01", "9999-12-31 23:59:59"]),
    st.integers(-5, 5),
    st.floats(),
)
COLUMNS = ("session_id", "user_id", "plugin_time", "plugout_time", "connection_time", "energy_session")
BROKEN = st.fixed_dictionaries({}, optional=dict.fromkeys(COLUMNS, CELLS))


def hours_from_january(number: int, hours: int) -> dict[str, object]:
    return {
        "session_id": str(number),
        "user_id": "u",
        "plugin_time": "2019-01-10 18:00:00",
        "plugout_time": f"2019-01-{10 + hours // 24:02d} {hours % 24:02d}:00:00",
        "energy_session": 4.0,
    }


RECORDS = st.lists(BROKEN | st.builds(hours_from_january, st.integers(0, 9), st.integers(0, 99)), max_size=12)


@given(RECORDS)
def test_whatever_comes_in_every_record_is_accepted_or_refused_once(records: list[dict[str, object]]) -> None:
    outcome = norway.read_records(records)
    lines = [problem.line for problem in outcome.problems]
    assert len(set(lines)) == len(lines)
    assert set(lines) <= set(range(2, len(records) + 2))
    assert len(outcome.history) + len(lines) == len(records)
    accepted = set(outcome.history.session_id.tolist())
    assert {session_id for session_id, _ in outcome.flags + outcome.repairs} <= accepted


def test_every_flag_and_repair_has_a_sentence() -> None:
    assert all(word.sentence for kind in (RowFlag, RowRepair) for word in kind)


def test_elapsed_time_is_not_the_difference_of_wall_clocks() -> None:
    """Python subtracts wall clocks within one zone; 23:00 to 07:00 over the autumn change is 9 hours."""
    outcome = norway.read_records(
        [
            {
                "session_id": "x",
                "plugin_time": "2019-10-26 23:00:00",
                "plugout_time": "2019-10-27 07:00:00",
                "energy_session": 4.0,
            }
        ]
    )
    assert outcome.history.connected_h[0] == timedelta(hours=9) / timedelta(hours=1)
