"""Colours of the report, light and dark; contrast and colour-blind distance are tested, not hoped for."""

from typing import Final

LIGHT: Final = {
    "paper": "#ffffff", "wash": "#f5f7f8", "ink": "#14202b", "muted": "#52606d", "rule": "#d5dce2",
    "grid": "#e7ebee", "accent": "#00695f", "base": "#dbe1e6", "base-line": "#76838f", "hatch": "#14202b",
    "good": "#00695f", "bad": "#b3360b", "s0": "#c2410c", "s1": "#6b46b8", "s2": "#8a6100", "s3": "#0a66ad",
    "s4": "#00796b", "s5": "#b0246f", "s6": "#57606a", "s7": "#5a7512", "h0": "#eef2f5", "h1": "#d3dfe9",
    "h2": "#aac4da", "h3": "#7aa3c6", "h4": "#4a7dac", "h5": "#f0a04b", "h6": "#d9531e", "h7": "#931f0f",
}  # fmt: skip
DARK: Final = {
    "paper": "#11171d", "wash": "#19212a", "ink": "#e9eef2", "muted": "#a5b2be", "rule": "#33404c",
    "grid": "#25303a", "accent": "#4fd1be", "base": "#313d49", "base-line": "#8f9ca9", "hatch": "#f4f7fa",
    "good": "#4fd1be", "bad": "#ff9a73", "s0": "#ff8a5e", "s1": "#b79df2", "s2": "#e0b04a", "s3": "#6fb4f4",
    "s4": "#3fd0b9", "s5": "#f07ab8", "s6": "#aab4be", "s7": "#b3cd58", "h0": "#1b2530", "h1": "#233648",
    "h2": "#2c4c69", "h3": "#39678f", "h4": "#5089b8", "h5": "#d98a32", "h6": "#ef6a3a", "h7": "#ff4b3e",
}  # fmt: skip
STRATEGY_COLOURS: Final = 8


def _variables(theme: dict[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in theme.items())


def _classes() -> str:
    """Colour classes of the chart kit: ``h0`` to ``h7`` fill heat cells; strategies bring their own."""
    return "".join(f".h{i}{{fill:var(--h{i})}}" for i in range(8))


def page_palette() -> str:
    """CSS variables that follow the system's theme, the toggle's ``data-theme`` and, on paper, always light."""
    light, dark = _variables(LIGHT), _variables(DARK)
    return (
        f":root{{color-scheme:light;{light}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}"
        f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{dark}}}}}{_classes()}"
    )


def picture_palette() -> str:
    """CSS variables of a standalone picture: the system's theme."""
    return f":root{{{_variables(LIGHT)}}}@media (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}{_classes()}"
