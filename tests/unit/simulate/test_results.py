"""What a report is told about the study besides its frames."""

from pathlib import Path

from evenload.simulate.study import run_study
from evenload.simulate.study_file import Study


def test_labels_keep_the_strategy_and_the_settings_behind_them(small_study: Study, tmp_path: Path) -> None:
    changed = {
        "strategies": [
            "unmanaged",
            {"strategy": "timer", "label": "timer, spread 2 h", "spread_hours": 2},
            {"strategy": "valley", "label": "early", "price_weight": 0.5, "reserve_minutes": 120},
        ],
        "behaviours": {"actual": small_study.behaviours["actual"]},
        "penetrations": [1.0],
        "seeds": 1,
    }
    found = run_study(small_study.model_copy(update=changed), tmp_path, folder=Path(__file__).parent, workers=1)
    assert found.strategies == ("unmanaged", "timer, spread 2 h", "early")
    assert found.kinds == ("unmanaged", "timer", "valley")
    assert found.settings == ("", "spread hours 2", "price weight 0.5, reserve minutes 120")
    criterion = small_study.criterion
    assert (found.over_minutes, found.over_share) == (criterion.minutes, criterion.transformers_share)
    assert found.ev_kw_per_home == criterion.ev_kw_per_home
