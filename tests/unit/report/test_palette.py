import itertools

import numpy as np
import pytest

from evenload.report.palette import DARK, LIGHT, STRATEGY_COLOURS, page_palette

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
PROTANOPIA = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)
"""Machado, Oliveira, Fernandes (2009), severity 1.0, on linear RGB."""


def linear(colour: str) -> np.ndarray:
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""
    a, b = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (b + 0.05) / (a + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(rgb, 0, 1)
    f = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def mixed(colour: str, ground: str, opacity: float) -> str:
    parts = [
        round(opacity * int(colour[i : i + 2], 16) + (1 - opacity) * int(ground[i : i + 2], 16)) for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in parts)


def test_contrast_of_known_pairs() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@THEMES
def test_all_text_meets_wcag_aa(theme: dict[str, str]) -> None:
    for name in ("ink", "muted", "accent", "good", "bad", *(f"s{i}" for i in range(STRATEGY_COLOURS))):
        for ground in ("paper", "wash"):
            assert contrast(theme[name], theme[ground]) >= 4.5, (name, ground)
    assert contrast(theme["muted"], theme["base"]) >= 4.5


@THEMES
def test_names_inside_the_tinted_layers_meet_wcag_aa(theme: dict[str, str]) -> None:
    for i, opacity in itertools.product(range(STRATEGY_COLOURS), (0.28, 0.39, 0.5)):
        assert contrast(theme["ink"], mixed(theme[f"s{i}"], theme["paper"], opacity)) >= 4.5, (i, opacity)


@THEMES
def test_lines_stand_out_from_the_base_load_area(theme: dict[str, str]) -> None:
    for name in ("base-line", "ink", "hatch"):
        assert contrast(theme[name], theme["paper"]) >= 3
    for i in range(STRATEGY_COLOURS):
        assert contrast(theme[f"s{i}"], theme["base"]) >= 3


@THEMES
@pytest.mark.parametrize("sight", [np.eye(3), DEUTERANOPIA, PROTANOPIA], ids=["usual", "deutan", "protan"])
def test_the_three_key_strategies_differ_for_colour_blind_readers(theme: dict[str, str], sight: np.ndarray) -> None:
    seen = [lab(sight @ linear(theme[key])) for key in ("s0", "s1", "s4")]
    assert min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2)) > 20


@THEMES
def test_heat_classes_run_one_way_below_the_rating(theme: dict[str, str]) -> None:
    lightness = [float(lab(linear(theme[f"h{i}"]))[0]) for i in range(5)]
    steps = np.diff(lightness)
    assert np.all(steps < -3) or np.all(steps > 3)


def test_paper_is_always_light() -> None:
    css = page_palette()
    assert css.index(LIGHT["paper"]) < css.index("@media")
    assert css.count(DARK["paper"]) == css.count("@media screen") == 2
