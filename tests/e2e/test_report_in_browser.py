import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from evenload.report.page import render

FAKE = Path(__file__).parents[1] / "unit" / "report" / "fake.py"
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = importlib.util.spec_from_file_location("report_fake_for_browser", FAKE)
    assert spec is not None
    assert spec.loader is not None
    fake = importlib.util.module_from_spec(spec)
    sys.modules["report_fake_for_browser"] = fake
    spec.loader.exec_module(fake)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(fake.results()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    """The report in a fresh tab that refuses every request but its own file, and fails on any word in the console."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    tab = context.new_page()
    heard: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: heard.append(message.text))
    tab.on("pageerror", lambda error: heard.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(report.as_uri())
    yield tab
    context.close()
    assert heard == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def ground(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))


def test_the_theme_toggle_turns_the_page_dark_and_back(page: Page) -> None:
    light = ground(page)
    page.click("#theme")
    assert page.get_attribute("#theme", "aria-pressed") == "true"
    assert light == "rgb(255, 255, 255)"
    assert ground(page) == "rgb(17, 23, 29)"
    page.click("#theme")
    assert ground(page) == light


def test_the_system_theme_is_followed_until_the_toggle_is_used(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    assert ground(page) == "rgb(17, 23, 29)"
    page.click("#theme")
    assert ground(page) == "rgb(255, 255, 255)"


def test_paper_is_light_even_in_the_dark(page: Page) -> None:
    page.click("#theme")
    page.emulate_media(media="print", color_scheme="dark")
    assert ground(page) == "rgb(255, 255, 255)"


def test_the_pointer_reads_values_out(page: Page) -> None:
    plot = page.locator("#load .plot").first
    box = plot.locator("svg").bounding_box()
    assert box is not None
    page.evaluate("document.querySelector('#load .plot').scrollIntoView({block: 'center', behavior: 'instant'})")
    plot.locator("svg").hover(position={"x": box["width"] * 0.4, "y": box["height"] * 0.4})
    words = plot.locator(".readout").inner_text()
    assert "kW" in words
    assert "Timer" in words
    assert "USD/kWh" in words
    page.mouse.move(2, 2)
    assert plot.locator(".readout").is_hidden()


def test_the_pointer_reads_heat_cells_out(page: Page) -> None:
    plot = page.locator("#heat figure .plot").first
    plot.scroll_into_view_if_needed()
    plot.locator("svg").hover(position={"x": 150, "y": 100})
    words = plot.locator(".readout").inner_text()
    assert words.startswith("T1")
    assert "%" in words


def test_arrow_keys_read_values_out_and_escape_closes(page: Page) -> None:
    plot = page.locator("#load .plot").first
    plot.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert plot.locator(".readout b").inner_text() == "12:30"
    page.keyboard.press("Escape")
    assert plot.locator(".readout").is_hidden()


def test_every_control_is_reached_with_the_tab_key(page: Page) -> None:
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("(e => e.id || e.dataset.toggle || e.className || e.hash)(document.activeElement)"))
    assert {"skip", "theme", "#heat", "k0", "k4", "load-choice", "behaviour-choice", "plot"} <= reached


def test_a_strategy_can_be_hidden_and_shown_by_keyboard(page: Page) -> None:
    line = page.locator('#load g[data-s="k1"]').first
    chip = page.locator('[data-toggle="k1"]')
    chip.focus()
    page.keyboard.press("Enter")
    assert line.is_hidden()
    assert page.locator('#night figure[data-s="k1"]').is_hidden()
    assert chip.get_attribute("aria-pressed") == "false"
    page.keyboard.press("Enter")
    assert line.is_visible()


def test_a_variant_is_hidden_without_its_relatives(page: Page) -> None:
    page.click('[data-toggle="k5"]')
    assert page.locator('#load g[data-s="k5"]').first.is_hidden()
    assert page.locator('#load g[data-s="k4"]').first.is_visible()


def test_relatives_share_their_colour(page: Page) -> None:
    colours = [page.evaluate(f"getComputedStyle(document.querySelector('.{key}')).color") for key in ("k3", "k4", "k5")]
    assert colours[1] == colours[2] != colours[0]


def test_rows_of_all_tiles_stand_in_line(page: Page) -> None:
    rows = "[...tile.querySelectorAll('li')].map(row => row.getBoundingClientRect().top)"
    tops = page.evaluate(f"[...document.querySelectorAll('.tile')].map(tile => {rows})")
    assert len(tops) == 4
    assert all(other == tops[0] for other in tops)


@pytest.mark.parametrize("width", [700, 1280])
def test_bars_of_all_tiles_stand_in_line_beside_a_label_that_wraps(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("document.querySelector('.tile .name').textContent = 'Valley, price in advance, 2 h of reserve'")
    bars = "[...tile.querySelectorAll('.track')].map(bar => bar.getBoundingClientRect().top)"
    tops = page.evaluate(f"[...document.querySelectorAll('.tile')].map(tile => {bars})")
    beside = [other for other in tops if abs(other[-1] - tops[0][-1]) < 200]
    assert len(beside) == (4 if width == 1280 else 2)
    assert all(other == tops[0] for other in beside)


def test_tables_fit_a_desktop_window(page: Page) -> None:
    wide = page.evaluate("[...document.querySelectorAll('.scroll')].map(s => s.scrollWidth - s.clientWidth)")
    assert len(wide) >= 5
    assert max(wide) <= 0


def test_folded_pictures_open_by_keyboard_and_for_paper(page: Page) -> None:
    folded = page.locator('#heat figure[data-s="k3"]')
    assert folded.is_hidden()
    page.locator("#heat summary").focus()
    page.keyboard.press("Enter")
    assert folded.is_visible()
    page.keyboard.press("Enter")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert folded.is_visible()


def test_base_load_and_behaviour_choose_the_case_shown(page: Page) -> None:
    page.select_option("#load-choice", "low")
    page.select_option("#behaviour-choice", "declared")
    shown = page.locator("#load .case:visible, #peaks .case:visible")
    assert shown.count() == 2
    assert [shown.nth(i).get_attribute("data-load") for i in range(2)] == ["low", "low"]
    assert shown.first.get_attribute("data-behaviour") == "declared"


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_page_never_scrolls_sideways(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#load .plot").first.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_script_everything_is_there(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(report.as_uri())
    for part in ("load", "night", "heat", "peaks", "hosting", "robustness"):
        assert tab.locator(f"#{part} svg[role=img]").first.is_visible()
    assert tab.locator("#theme").is_hidden()
    assert tab.locator("#load-choice").is_hidden()
    context.close()
