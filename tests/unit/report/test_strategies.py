import pytest

from evenload.report.strategies import key_strategies, looks, managed


def test_builtin_strategies_keep_their_look_whatever_is_beside_them() -> None:
    alone, beside = looks(["valley"])["valley"], looks(["mine", "unmanaged", "valley"])["valley"]
    assert (alone.key, alone.marker, alone.dash) == (beside.key, beside.marker, beside.dash)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_up_to_eight_strategies_differ_in_colour_and_marker(count: int) -> None:
    made = looks([f"rule {i}" for i in range(count)]).values()
    assert len({look.key for look in made}) == len({look.marker for look in made}) == count


def test_strangers_and_builtins_share_no_slot() -> None:
    made = looks(["a", "unmanaged", "b", "timer", "c", "price", "balanced", "valley"]).values()
    assert len({look.slot for look in made}) == 8


def test_the_managed_strategy_is_the_best_evenload_has() -> None:
    assert managed(["unmanaged", "balanced", "valley"]) == "valley"
    assert managed(["unmanaged", "price", "balanced"]) == "balanced"
    assert managed(["unmanaged", "timer", "mine"]) == "mine"
    assert managed(["unmanaged", "timer"]) is None
    assert key_strategies(["timer", "valley", "x", "unmanaged"]) == ["unmanaged", "timer", "valley"]
