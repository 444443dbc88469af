import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from types import ModuleType

import pytest

from evenload.report.figures import figures

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def pictures(fake: ModuleType) -> dict[str, str]:
    return figures(fake.results())


def test_the_pictures_of_a_whole_study(pictures: dict[str, str]) -> None:
    heat = {f"heat-{name}" for name in ("unmanaged", "timer", "price", "balanced", "valley", "valley-2-h")}
    night = {"transformer-unmanaged", "transformer-timer", "transformer-valley"}
    rest = {"overview", "load-system", "hosting", "ev-peak", "snapback", "base-loads"}
    assert set(pictures) == heat | night | rest
    assert list(pictures) == sorted(pictures)


def test_every_picture_is_svg_with_a_title_a_ground_and_its_patterns(pictures: dict[str, str]) -> None:
    for text in pictures.values():
        root = ET.fromstring(text.encode())  # noqa: S314 - our own text
        assert root.tag == f"{SVG}svg"
        assert root.find(f"{SVG}title") is not None
        ids = {node.get("id") for node in root.iter() if node.get("id")}
        assert set(re.findall(r"url\(#([\w-]+)\)", text)) <= ids
        assert root.find(f"{SVG}rect[@class='paper']") is not None
        assert not re.search(r"[\" ](nan|inf)\b", text, re.I)


def test_pictures_are_the_same_each_time(fake: ModuleType, pictures: dict[str, str]) -> None:
    assert figures(fake.results()) == pictures


def test_names_are_safe_file_names_even_for_hostile_strategies(fake: ModuleType) -> None:
    hostile = ("unmanaged", "../../etc", "a b", "a-b", "<script>")
    made = figures(fake.results(fake.Size(strategies=hostile, seeds=1, transformers=3)))
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in made)
    assert sum(name.startswith("heat-") for name in made) == len(hostile)


def test_what_a_study_cannot_show_is_left_out(fake: ModuleType) -> None:
    study = fake.results(fake.Size(strategies=("unmanaged",), seeds=1, transformers=3))
    made = figures(replace(study, profiles=study.profiles.iloc[:0], hosting=study.hosting.iloc[:0]))
    assert not {"overview", "load-system", "hosting"} & set(made)
    assert {"ev-peak", "heat-unmanaged"} <= set(made)
