import re

import numpy as np

from evenload.report.chart.dots import DotRow, dot_strip, row_label, short


def test_dots_lie_where_the_axis_says_and_the_mean_between_them() -> None:
    row = DotRow("Timer", "s1", "square", np.array([0.0, 10.0, np.nan]), "5.0")
    made = str(dot_strip([row], "kW", "words", highest=10).body)
    assert re.findall(r'cx="([\d.]+)"', made) == ["112", "296"]
    assert 'translate(204 29)" class="marker filled"' in made


def test_a_row_without_values_keeps_its_name() -> None:
    made = str(dot_strip([DotRow("Timer", "s1", "square", np.array([np.nan]), "–")], "kW", "words").body)
    assert ">Timer<" in made
    assert "circle" not in made


def test_values_below_zero_widen_the_axis() -> None:
    made = str(dot_strip([DotRow("a", "s1", "square", np.array([-1.0, 1.0]), "0")], "kW", "words").body)
    assert re.findall(r'cx="([\d.]+)"', made) == ["112", "296"]


def test_long_names_are_cut() -> None:
    assert short("a very long strategy") == "a very long st…"
    assert short("Timer") == "Timer"


def test_long_row_names_take_two_even_lines() -> None:
    def lines(label: str) -> list[str]:
        return re.findall(r">([^<]+)</text>", row_label(label, 100, 50))

    assert lines("Timer") == ["Timer"]
    assert lines("Timer, spread 2 h") == ["Timer,", "spread 2 h"]
    assert lines("Valley, price, 2 h reserve") == ["Valley, price,", "2 h reserve"]
    assert len(lines("a name that is far too long for the two lines there are")) == 2
    assert lines("x" * 40)[-1].endswith("…")
    assert all(len(line) <= 15 for line in lines("y" * 40))
