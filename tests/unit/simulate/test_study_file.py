"""Study files: what is accepted, and the sentence each wrong one gets."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from evenload.schedule.strategies.timer import Timer
from evenload.simulate.examples import example_names, example_text
from evenload.simulate.schemas import schemas
from evenload.simulate.study_file import StudyFileError, parse_study, read_study, study_of


def content(**changes: Any) -> dict[str, Any]:
    """A small whole study, with keys changed or (None) removed; `a__b` reaches into a part."""
    study: dict[str, Any] = {
        "title": "Two nights",
        "span": {
            "start": "2020-01-10T12:00:00+01:00",
            "end": "2020-01-14T12:00:00+01:00",
            "timezone": "Europe/Oslo",
        },
        "cars": {"source": "history", "dataset": "residential-norway"},
        "grid": {"source": "generated", "transformers": 2},
        "signal": {"price": {"dataset": "day-ahead-nl", "match": "month_weekday"}},
    }
    for key, value in changes.items():
        part = study
        *path, last = key.split("__")
        for step in path:
            part = part.setdefault(step, {})
        if value is None:
            del part[last]
        else:
            part[last] = value
    return study


def test_a_small_study_takes_the_defaults() -> None:
    study = study_of(content())
    assert [choice.label for choice in study.choices()] == ["unmanaged", "timer", "price", "balanced", "valley"]
    assert study.span.horizon().steps == 4 * 96
    assert (study.penetrations, study.seeds, study.criterion.minutes) == ([1.0], 1, 60)


@pytest.mark.parametrize("name", example_names())
def test_every_example_is_a_good_study(name: str) -> None:
    study = parse_study(example_text(name), name)
    assert study.title
    jsonschema.validate(
        yaml.safe_load(example_text(name)) | {"span": study.span.model_dump(mode="json")}, schemas()["study"]
    )


def test_a_strategy_takes_its_settings_and_label() -> None:
    study = study_of(content(strategies=[{"strategy": "timer", "label": "late", "start": "01:00", "spread_hours": 2}]))
    (choice,) = study.choices()
    assert (choice.label, choice.strategy) == ("late", Timer(start="01:00", spread_hours=2))


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"tittle": "x"}, r"tittle is not a key of a study file. Did you mean 'title'\?"),
    ({"span__step_minuts": 15}, r"span.step_minuts is not a key of a study file. Did you mean 'step_minutes'\?"),
    ({"title": None}, "title is missing"),
    ({"span__start": "2020-01-10T12:00:00"}, "span.start.* has no offset from UTC; write for example"),
    ({"span__end": "2020-01-10T12:00:00+01:00"}, "the horizon must end after it starts"),
    ({"span__timezone": "Europe/Olso"}, "'Europe/Olso' is not an IANA time zone"),
    ({"span__step_minutes": 7}, "steps of 7 min|not a whole number of 7 min steps"),
    ({"cars": {"source": "history"}}, "name either a packaged dataset or the path"),
    ({"cars": {"source": "histroy", "dataset": "x"}}, "cars.*'histroy'"),
    ({"grid__transformers": 0}, "grid.transformers = 0: Input should be greater than or equal to 1"),
    ({"grid__transformers": "many"}, "grid.transformers = 'many'"),
    ({"strategies": ["vally"]}, r"there is no strategy 'vally'. Did you mean 'valley'\?"),
    ({"strategies": [{"strategy": "timer", "begin": "23:00"}]}, "strategy timer has no setting 'begin'"),
    ({"strategies": [{"strategy": "timer", "start": "25:00"}]}, "'25:00' is not a clock time between"),
    ({"strategies": ["timer", "timer"]}, "strategies lists the same entry twice; give variants a `label`"),
    ({"strategies": []}, "strategies.*at least 1 item"),
    ({"behaviours": {"a": {"departures": "guessed"}}}, "behaviours.a.departures = 'guessed'"),
    ({"behaviours": {"a": {"opt_out_share": 1.5}}}, "opt_out_share.* less than or equal to 1"),
    ({"penetrations": [1.0, 1.0]}, "penetrations lists the same value twice"),
    ({"penetrations": [-1.0]}, "penetrations.0 = -1.0"),
    ({"shown": {"penetration": 0.3}}, "shown.penetration 0.3 is not one of 1.0"),
    ({"timer_clock": "late"}, "'late' is not a clock time such as 23:00"),
    ({"base_load": {"kw_peak_per_home": []}}, "base_load.kw_peak_per_home"),
    ({"base_load": {"kw_peak_per_home": [2, 2.0]}}, "kw_peak_per_home lists the same value twice"),
    ({"base_load": {"kw_peak_per_home": [2000]}}, "less than or equal to 100"),
    ({"strategies": [{"strategy": "timer", "label": "x" * 300}]}, "is longer than 60 characters"),
    ({"title": "two\nlines"}, "holds a character that cannot be printed"),
    ({"first_seed": 10**23}, "first_seed"),
    ({"timer_clock": 1380}, "timer_clock = 1380: must be in quotes, or YAML reads a number"),
]


@pytest.mark.parametrize(("changes", "words"), WRONG)
def test_a_wrong_study_is_refused_with_place_and_reason(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(StudyFileError, match=words) as caught:
        study_of(content(**changes), "wrong.yaml")
    assert str(caught.value).startswith("wrong.yaml: ")
    assert caught.value.exit_code == 2


def test_files_that_are_no_studies_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyFileError, match=r"there is no study file .*; `evenload example` prints one"):
        read_study(tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("title: [")
    with pytest.raises(StudyFileError, match=r"broken.yaml is not YAML"):
        read_study(broken)
    broken.write_text("- 1\n- 2\n")
    with pytest.raises(StudyFileError, match="holds no study"):
        read_study(broken)
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(StudyFileError, match="cannot be read as UTF-8"):
        read_study(broken)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: a\ntitle: b\n", r"the key 'title' stands twice in the part at line 1"),
        ("span: {end: 2024-02-30T12:00:00+01:00}\n", "is not YAML: day is out of range"),
    ],
)
def test_yaml_that_cannot_be_meant_is_refused(text: str, words: str) -> None:
    with pytest.raises(StudyFileError, match=words):
        parse_study(text, "wrong.yaml")


def test_the_snapback_hour_is_that_of_the_first_timer_unless_given() -> None:
    early = [{"strategy": "timer", "start": "21:00", "end": "05:00"}]
    assert study_of(content()).snapback_clock() == "23:00"
    assert study_of(content(strategies=early)).snapback_clock() == "21:00"
    assert study_of(content(strategies=early, timer_clock="22:30")).snapback_clock() == "22:30"
