from dataclasses import replace
from types import ModuleType

import pandas as pd

from evenload.report.results import HEAT
from evenload.report.sections.heat import ROWS_AT_MOST, heat_maps, heat_rows


def heat(values: dict[tuple[str, str], dict[int, float]]) -> pd.DataFrame:
    rows = [
        {"strategy": s, "base_load": "suburban", "behaviour": "actual", "node": node, "hour": hour, "loading_max": load}
        for (s, node), hours in values.items() for hour, load in hours.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(HEAT)).astype(HEAT)


def test_rows_are_ranked_by_the_unmanaged_loading_in_all_maps(fake: ModuleType) -> None:
    frame = heat({
        ("unmanaged", "a"): {18: 0.5, 3: 0.2}, ("unmanaged", "b"): {18: 1.3},
        ("valley", "a"): {3: 0.9}, ("valley", "b"): {3: 0.4},
    })  # fmt: skip
    study = replace(fake.results(fake.Size(seeds=1, transformers=2)), heat=frame)
    assert heat_rows(study) == ["b", "a"]
    unmanaged, valley = heat_maps(study)
    assert (unmanaged.note, valley.note) == ("1 transformer above 100 % in some hour", "none above 100 %")
    for one in (unmanaged, valley):
        assert one.chart.reading is not None
        assert one.chart.reading["rows"] == ["b", "a"]
    assert unmanaged.chart.reading is not None
    values = unmanaged.chart.reading["v"]
    assert values[0][(18 - 12) % 24] == 130  # columns run from noon
    assert values[1][(3 - 12) % 24] == 20
    assert values[0][0] is None


def test_a_loading_of_one_but_for_noise_is_not_above(fake: ModuleType) -> None:
    frame = heat({("unmanaged", "a"): {18: 1.0000000000000013}})
    (one,) = heat_maps(replace(fake.results(fake.Size(seeds=1, transformers=2)), heat=frame))
    assert one.note == "none above 100 %"
    assert "over-cell" not in one.chart.body


def test_many_transformers_show_the_worst(fake: ModuleType) -> None:
    study = fake.results(fake.Size(strategies=("unmanaged",), seeds=1, transformers=ROWS_AT_MOST + 9))
    (one,) = heat_maps(study)
    assert one.chart.reading is not None
    assert one.chart.reading["rows"] == heat_rows(study)[:ROWS_AT_MOST]


def test_short_names_label_the_rows_and_long_ones_their_rank(fake: ModuleType) -> None:
    rows = {("unmanaged", name): {18: load} for name, load in (("T7", 0.9), ("T12", 1.2))}
    study = replace(fake.results(fake.Size(seeds=1, transformers=2)), heat=heat(rows))
    (named,) = heat_maps(study)
    assert named.chart.body.index(">T12<") < named.chart.body.index(">T7<")
    rows = {("unmanaged", name): {18: 0.9} for name in ("transformer 7", "transformer 8")}
    (ranked,) = heat_maps(replace(study, heat=heat(rows)))
    assert ">1<" in ranked.chart.body
    assert "transformer 7" not in ranked.chart.body
