from types import ModuleType
from typing import Any

import pytest

from evenload.report.strategies import assign, key_strategies, look_style, managed


def test_builtin_strategies_keep_their_look_whatever_is_beside_them() -> None:
    alone, beside = assign(["valley"])["valley"], assign(["mine", "unmanaged", "valley"])["valley"]
    assert (alone.hue, alone.marker, alone.dash) == (beside.hue, beside.marker, beside.dash)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_up_to_eight_strategies_differ_in_colour_and_marker(count: int) -> None:
    made = assign([f"rule {i}" for i in range(count)]).values()
    assert len({look.hue for look in made}) == len({look.marker for look in made}) == count


def test_every_strategy_has_a_toggle_of_its_own_however_many_there_are() -> None:
    made = list(assign([f"rule {i}" for i in range(24)]).values())
    assert len({look.key for look in made}) == 24
    style = look_style(made)
    assert all(f".{look.key}{{color:var(--s{look.hue})}}" in style for look in made)
    assert all(f"html[data-off~={look.key}] figure[data-s={look.key}]" in style for look in made)


def test_strangers_and_builtins_share_no_slot() -> None:
    made = assign(["a", "unmanaged", "b", "timer", "c", "price", "balanced", "valley"]).values()
    assert len({look.slot for look in made}) == len({look.hue for look in made}) == 8


def test_variants_are_relatives_same_hue_other_dash_and_marker() -> None:
    names = ["timer", "timer, spread 2 h", "valley, early", "valley"]
    made = assign(names, ["timer", "timer", "valley", "valley"], ["", "spread hours 2", "reserve minutes 120", ""])
    for main, variant in (("timer", "timer, spread 2 h"), ("valley", "valley, early")):
        assert made[main].hue == made[variant].hue
        assert made[main].dash != made[variant].dash
        assert made[main].marker != made[variant].marker
        assert made[main].key != made[variant].key
    assert made["timer, spread 2 h"].meaning == "timer with spread hours 2"
    assert made["valley"].label == "Valley"


def test_a_lone_builtin_under_its_own_label_looks_like_itself() -> None:
    made = assign(["managed by us"], ["valley"], ["price weight 1"])["managed by us"]
    assert (made.slot, made.hue, made.label) == (4, 4, "Managed by us")
    assert made.meaning.startswith("evenload fills the valleys")


def test_the_managed_strategy_is_the_best_evenload_has(fake: ModuleType) -> None:
    def study(*names: str, kinds: tuple[str, ...] = ()) -> Any:
        return fake.results(fake.Size(strategies=names, seeds=1, transformers=2), kinds=kinds or names)

    assert managed(study("unmanaged", "balanced", "valley")) == "valley"
    assert managed(study("unmanaged", "price", "balanced")) == "balanced"
    assert managed(study("unmanaged", "timer", "mine")) == "mine"
    assert managed(study("unmanaged", "hindsight", "optimised", "balanced")) == "optimised"
    assert managed(study("unmanaged", "timer")) is None
    assert managed(study("unmanaged", "hindsight")) is None  # nobody can carry that out
    assert managed(study("unmanaged", "timer", "late", kinds=("unmanaged", "timer", "timer"))) is None
    assert key_strategies(study("timer", "valley", "x", "unmanaged")) == ["unmanaged", "timer", "valley"]
    named = study("nobody", "clock", "us", kinds=("unmanaged", "timer", "valley"))
    assert key_strategies(named) == ["nobody", "clock", "us"]
