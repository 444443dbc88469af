"""What sessions' columns say of devices, and sentences for what cannot be."""

from typing import Any

import numpy as np
import pytest

from evenload.base.errors import InputError
from evenload.domain.session import Sessions
from evenload.schedule.devices.parts import devices_of, step_kw_of


def sessions(size: int = 2, **known: Any) -> Sessions:
    return Sessions.of(
        session_id=np.array([f"s{i}" for i in range(size)]),
        plugged_at=np.full(size, np.datetime64("2025-01-13T18:00:00")),
        departs_at=np.full(size, np.datetime64("2025-01-14T06:00:00")),
        energy_kwh=np.full(size, 10.0),
        power_kw_max=np.asarray(known.pop("power_kw_max", [7.36, 11.04])),
        **{name: np.asarray(value) for name, value in known.items()},
    )


@pytest.mark.requirement("R38")
def test_a_step_is_one_ampere_on_every_phase() -> None:
    known = sessions(3, power_kw_max=[7.4, 11.0, 7.4], voltage_v=[230.0, 230.0, np.nan], phases=["A", "ABC", "B"])
    assert step_kw_of(known) == pytest.approx([0.23, 0.69, np.nan], nan_ok=True)


@pytest.mark.requirement("R38")
def test_stepped_devices_start_at_six_amperes_unless_they_say_more() -> None:
    given = devices_of(
        sessions(
            control=["stepped", "stepped"], voltage_v=[230.0, 230.0], phases=["A", "ABC"], power_kw_min=[0.0, 5.52]
        )
    )
    assert given is not None
    assert given.power_kw_min == pytest.approx([1.38, 5.52])
    assert given.step_kw == pytest.approx([0.23, 0.69])


def test_a_lowest_power_will_do_where_volts_are_not_known() -> None:
    given = devices_of(sessions(control=["stepped", "continuous"], power_kw_min=[1.4, 0.0]))
    assert given is not None
    assert given.step_kw is not None
    assert np.isnan(given.step_kw).all()


def test_devices_that_are_as_usual_are_none() -> None:
    assert devices_of(sessions()) is None
    assert devices_of(sessions(), commands_max=np.array([-1, 3])) is not None


@pytest.mark.parametrize(
    ("known", "counts", "sentence"),
    [
        ({"control": ["stepped", "on_off"]}, {}, "'s0', control = stepped: voltage_v and phases left blank"),
        ({"control": ["stepped", "on_off"], "phases": ["A", ""]}, {}, "'s0', control = stepped: voltage_v left blank"),
        ({"power_kw_min": [8.0, 1.4]}, {}, "'s0', power_kw_min = 8.0: is more than power_kw_max 7.36"),
        ({"power_kw_min": [0.0, -1.0]}, {}, "'s1', power_kw_min = -1.0: must be a number of 0 or more"),
        (
            {"control": ["continuous", "dimmed"]},
            {},
            "'s1', control = dimmed: must be one of continuous, stepped, on_off",
        ),
        ({}, {"dwell_steps": [1, 0]}, "'s1', dwell_steps = 0: must be 1 or more"),
        ({}, {"commands_max": [-2, 3]}, "'s0', commands_max = -2: must be 0 or more, or -1 for any number"),
        (
            {"control": ["on_off", "on_off"], "discharge_kw_max": [7.0, 0.0]},
            {},
            "'s0', control = on_off: a device that",
        ),
        ({"power_kw_min": [1.4, 1.4], "discharge_kw_max": [0.0, 7.0]}, {}, "'s1', power_kw_min = 1.4: a device that"),
        ({"discharge_kw_max": [7.0, 7.0]}, {"commands_max": [3, 3]}, r"'s0', commands_max = 3: .* \(2 sessions"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    known: dict[str, Any], counts: dict[str, list[int]], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        devices_of(sessions(**known), **{name: np.array(value) for name, value in counts.items()})


def test_six_amperes_may_be_more_than_a_device_has() -> None:
    asked = sessions(power_kw_max=[3.7, 3.7], control=["stepped"] * 2, voltage_v=[230.0] * 2, phases=["A", "ABC"])
    with pytest.raises(InputError, match=r"'s1', power_kw_min = 4.14.*6 A on its phases where it was blank"):
        devices_of(asked)
