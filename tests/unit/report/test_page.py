import re
from dataclasses import replace
from html.parser import HTMLParser
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import evenload
from evenload.report.page import render
from evenload.report.results import Comparison

VOID = {"meta", "link", "br", "input", "path", "line", "rect", "circle"}
FRAMES = ("runs", "circuits", "profiles", "heat", "closeup", "hosting")
HOSTILE = '<script>alert("x")</script>'


class Page(HTMLParser):
    """Reads a page, and refuses tags that do not close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.words += data + "\n"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def whole(fake: ModuleType) -> str:
    return render(fake.results())


def small(fake: ModuleType, **changed: Any) -> Any:
    values = {"strategies": ("unmanaged", "timer", "valley"), "seeds": 2, "transformers": 12, **changed}
    return fake.Size(**values)


def assert_sound(text: str) -> Page:
    page = Page(text)
    assert not re.search(
        r"(?<![\w-])(nan|inf|infinity|none)(?![\w-])", re.sub(r"none above 100 %", "", page.words), re.I
    )
    assert not re.search(r"\b(NaN|Infinity)\b", text)
    assert not re.search(r'="[^"]*\b(nan|inf)\b[^"]*"', text, re.I)
    return page


@pytest.mark.requirement("R140")
def test_the_page_is_whole_and_sound(whole: str) -> None:
    page = assert_sound(whole)
    assert len(page.all("h1")) == 1
    assert page.all("html") == [{"lang": "en"}]
    assert [len(page.all(tag)) for tag in ("header", "main", "footer", "nav")] == [1, 1, 1, 1]
    for section in (
        "answer",
        "load",
        "night",
        "heat",
        "peaks",
        "hosting",
        "ledger",
        "robustness",
        "published",
        "method",
    ):
        assert f'id="{section}"' in whole
    assert whole.count("<table") == whole.count("<caption>") >= 4


def test_ids_are_unique_and_every_reference_has_its_target(whole: str) -> None:
    page = Page(whole)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {str(a["aria-labelledby"]) for _, a in page.tags if "aria-labelledby" in a}
    targets |= {str(a["href"])[1:] for a in page.all("a")}
    targets |= set(re.findall(r"url\(#([\w-]+)\)", whole))
    assert len(targets) > 15
    assert targets <= set(ids)


def test_nothing_is_asked_of_a_network(whole: str) -> None:
    assert not re.search(r"(?:src|href)=\"(?!#|data:,\")", whole)
    assert "http" not in whole.replace('"http://www.w3.org/2000/svg"', "")
    assert not re.search(r"@import|fetch\(|XMLHttpRequest|url\((?!#)", whole)


def test_the_same_results_give_the_same_bytes(fake: ModuleType, whole: str) -> None:
    assert render(fake.results()) == whole


def test_six_strategies_and_sixty_transformers_stay_under_a_megabyte_and_a_half(whole: str) -> None:
    assert len(whole.encode()) < 1_500_000


def test_every_picture_says_in_words_what_it_shows(whole: str) -> None:
    pictures = [a for a in Page(whole).all("svg") if a.get("role") == "img"]
    assert len(pictures) > 30
    assert all(len(str(a["aria-label"])) > 25 for a in pictures)


@pytest.mark.parametrize(
    "size",
    [
        {"seeds": 1},
        {"penetrations": (0.5,)},
        {"base_loads": ("only",)},
        {"behaviours": ("actual",)},
        {"currency": ""},
        {"strategies": ("unmanaged",)},
        {"strategies": ("price",)},
        {"strategies": ("my rule", "your rule")},
        {"strategies": ("unmanaged", "timer", "price", "balanced", "valley", "a", "b", "c")},
        {"strategies": tuple("abcdefghij")},
        {"transformers": 1},
        {"transformers": 200, "strategies": ("unmanaged", "valley")},
        {"seeds": 1, "penetrations": (0.5,), "base_loads": ("only",), "behaviours": ("actual",), "currency": ""},
    ],
)
def test_studies_of_other_sizes_render(fake: ModuleType, size: dict[str, Any]) -> None:
    assert_sound(render(fake.results(small(fake, **size))))


@pytest.mark.parametrize("frame", FRAMES)
def test_an_empty_frame_leaves_its_part_out(fake: ModuleType, frame: str) -> None:
    study = fake.results(small(fake))
    assert_sound(render(replace(study, **{frame: getattr(study, frame).iloc[:0]})))


def test_a_study_with_nothing_in_it_still_renders(fake: ModuleType) -> None:
    study = fake.results(small(fake))
    empty = {frame: getattr(study, frame).iloc[:0] for frame in FRAMES}
    assert "no strategy was run" in assert_sound(render(replace(study, **empty, strategies=()))).words


def test_the_footer_names_the_version(whole: str) -> None:
    assert f"Made with evenload {evenload.__version__}," in Page(whole).words


@pytest.mark.parametrize("limit", [np.inf, np.nan])
def test_no_limit_draws_no_line(fake: ModuleType, limit: float) -> None:
    study = fake.results(small(fake))
    unlimited = {name: getattr(study, name).assign(limit_kw=limit) for name in ("circuits", "profiles", "closeup")}
    text = render(replace(study, **unlimited))
    assert_sound(text)
    assert 'class="limit"' in render(study)
    assert 'class="limit"' not in text
    assert 'class="over"' not in text


def test_what_counts_as_over_its_rating_is_no_share_of_transformers(fake: ModuleType) -> None:
    words = " ".join(Page(render(fake.results(small(fake)))).words.split())
    assert (
        "A transformer counts as over its rating when its load stays above it for 30 min or more without a break on "
        "some night. The hosting criterion: at most 1 % of transformers" in words
    )


def test_the_panel_of_a_base_load_that_fails_alone_says_so(fake: ModuleType) -> None:
    study = fake.results(small(fake))
    low = study.runs["base_load"] == "low"
    words = Page(render(replace(study, runs=study.runs.assign(transformers_over_base=9 * low)))).words
    assert words.count("Base load alone overloads 9 of 12 transformers: no strategy can pass.") == 1


def test_strategies_beside_the_key_ones_are_folded_but_there(fake: ModuleType) -> None:
    page = Page(render(fake.results(fake.Size(seeds=1, transformers=3))))
    assert len(page.all("details")) == 1
    assert "3 more: Price; Balanced; Valley 2 h" in page.words
    keys = {str(a["data-s"]) for a in page.all("figure") if "data-s" in a}
    assert keys == {"k0", "k1", "k2", "k3", "k4", "k5"}


def test_a_comparison_is_read_one_base_load_a_line(fake: ModuleType) -> None:
    here = "nights over, base load 1 kW: unmanaged 0 %; base load 2 kW: unmanaged 4 %"
    made = (Comparison("S", "P", here, True), Comparison("S2", "P2", "H2", False, "Because."))
    page = Page(render(fake.results(small(fake), comparisons=made)))
    assert [a["class"] for a in page.all("article")] == ["claim", "claim"]
    assert page.words.count("✓ agrees") == page.words.count("✗ differs") == 1
    assert "1 of 2 published statements show in this run." in page.words
    assert "\nbase load 2\u00a0kW: unmanaged 4\u00a0%\n" in page.words


def test_nothing_unserved_and_no_carbon_is_said_plainly(fake: ModuleType) -> None:
    study = fake.results(small(fake))
    zero = {name: 0.0 for name in study.runs.columns if "unserved" in name}
    page = assert_sound(render(replace(study, runs=study.runs.assign(**zero, carbon_kg=np.nan))))
    assert "no carbon signal" in page.words
    assert "No energy is left unserved" in page.words


@pytest.mark.parametrize(
    "column", ["cost", "carbon_kg", "ev_peak_kw_per_car", "snapback_kw_per_car", "transformers_over"]
)
def test_a_column_without_numbers_is_a_dash(fake: ModuleType, column: str) -> None:
    study = fake.results(small(fake))
    runs = study.runs.astype({column: "float64"}).assign(**{column: np.nan})
    assert_sound(render(replace(study, runs=runs)))


def test_gaps_in_profiles_and_heat_are_gaps(fake: ModuleType) -> None:
    study = fake.results(small(fake))
    profiles = study.profiles.copy()
    profiles.loc[profiles["minute"].between(900, 1000), ["base_kw", "ev_kw", "price_per_kwh"]] = np.nan
    heat = study.heat.copy()
    heat.loc[heat["hour"] == 3, "loading_max"] = np.inf
    assert_sound(render(replace(study, profiles=profiles, heat=heat)))


def test_generation_below_zero_is_drawn(fake: ModuleType) -> None:
    study = fake.results(small(fake))
    sunny = study.profiles.assign(base_kw=study.profiles["base_kw"] - 1500.0)
    base = study.closeup["layer"] == "base"
    lower = study.closeup["power_kw"].where(~base, study.closeup["power_kw"] - 30.0)
    assert_sound(render(replace(study, profiles=sunny, closeup=study.closeup.assign(power_kw=lower))))


def test_hostile_names_stay_text(fake: ModuleType) -> None:
    size = small(fake, strategies=("unmanaged", HOSTILE, '"><img src=x onerror=y>'), base_loads=(HOSTILE, "b"))
    study = fake.results(
        size, title=HOSTILE, question=HOSTILE, criterion=HOSTILE, facts=((HOSTILE, HOSTILE),),
        assumptions=(HOSTILE,), attribution=(HOSTILE,), comparisons=(Comparison(*[HOSTILE] * 3, True, HOSTILE),),
    )  # fmt: skip
    rename = {"T101": HOSTILE, "feeder": "</script><script>"}
    study = replace(
        study,
        circuits=study.circuits.replace({"node": rename}),
        profiles=study.profiles.replace({"node": rename}),
        heat=study.heat.replace({"node": rename}),
        closeup=study.closeup.replace({"layer": {"Car 1": HOSTILE}, "node": rename}),
    )
    text = render(study)
    page = assert_sound(text)
    plain = render(fake.results(small(fake)))
    assert not page.all("img")
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert {str(a.get("type")) for a in page.all("script")} == {str(a.get("type")) for a in Page(plain).all("script")}
    assert sum("type" not in a for a in page.all("script")) == 1
