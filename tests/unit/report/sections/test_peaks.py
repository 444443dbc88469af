import re
from dataclasses import replace
from types import ModuleType

import numpy as np

from evenload.report.sections.peaks import ev_nights_figure, peak_figures, snapback_figure


def test_one_penetration_is_a_dot_strip_and_several_a_curve(fake: ModuleType) -> None:
    one = peak_figures(fake.results(fake.Size(penetrations=(0.5,))))[0].figures[0]
    many = peak_figures(fake.results())[0].figures[0]
    assert "cars per home" not in one.chart.body
    assert "cars per home" in many.chart.body


def test_every_seed_is_a_dot(fake: ModuleType) -> None:
    study = fake.results(fake.Size(seeds=7, strategies=("unmanaged", "timer")))
    assert peak_figures(study)[0].figures[0].chart.body.count('class="dot"') == 7 * 2 * 5


def test_snapback_tells_the_mean_rise(fake: ModuleType) -> None:
    study = fake.results(fake.Size(seeds=2, strategies=("unmanaged", "timer")))
    runs = study.runs.copy()
    timer = runs["strategy"] == "timer"
    runs.loc[timer, "snapback_kw_per_car"] = np.where(runs.loc[timer, "seed"] == 0, 2.0, 3.0)
    made = snapback_figure(replace(study, runs=runs))
    assert made is not None
    assert "Timer 2.50" in made.chart.description
    assert made.heading == "Snapback at 23:00"


def test_no_snapback_without_numbers(fake: ModuleType) -> None:
    study = fake.results(fake.Size(seeds=1))
    assert snapback_figure(replace(study, runs=study.runs.assign(snapback_kw_per_car=np.nan))) is None


def test_penetrations_too_close_keep_their_line_and_lose_their_label(fake: ModuleType) -> None:
    body = (
        peak_figures(fake.results(fake.Size(penetrations=(0.5, 0.75, 1.0, 1.5, 2.0), seeds=1)))[0].figures[0].chart.body
    )
    words = body.replace("\u00a0", " ")
    assert [f">{level} %<" in words for level in (50, 75, 100, 150, 200)] == [True, False, True, True, True]
    assert len(re.findall(r'<line x1="([\d.]+)" x2="\1"[^>]*class="grid"', body)) == 5


def test_nights_on_which_cars_alone_exceed_their_limit(fake: ModuleType) -> None:
    study = fake.results(fake.Size(seeds=2, strategies=("unmanaged", "timer")))
    share = study.runs["strategy"].map({"unmanaged": 0.221, "timer": 0.4})
    made = ev_nights_figure(replace(study, runs=study.runs.assign(ev_days_over_share=share)))
    assert made is not None
    assert made.heading == "Cars alone above 1.5\u00a0kW a home"
    assert "Unmanaged 22\u00a0%; Timer 40\u00a0%" in made.chart.description
    assert ev_nights_figure(replace(study, runs=study.runs.assign(ev_days_over_share=np.nan))) is None
