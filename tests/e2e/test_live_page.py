"""The live page in Chromium: beside a small town that lives, and shown what seldom happens."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
NOON = "2026-01-13T11:00:00Z"
STATIONS = 16

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the page of a town of few stations, with the key to it."""
    folder = tmp_path_factory.mktemp("town")
    code = (
        "import sys; from pathlib import Path; from evenload.app.town.live import Told, TownSettings, live_town;"
        "from evenload.app.town.shape import shape_of;"
        f"live_town(TownSettings(shape=shape_of({STATIONS}), speed=600, api_port=0, folder=Path({str(folder)!r})),"
        "Told(lambda one: print(f'{one.url}/live#key={one.key}', flush=True), lambda day: None))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=60) == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, town: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh tab; it fails on any word in the console and on any request to another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=request.param)
    tab = context.new_page()
    heard: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: heard.append(message.text))
    tab.on("pageerror", lambda error: heard.append(str(error)))
    tab.on("request", lambda one: asked.append(one.url))
    yield tab
    context.close()
    assert heard == []
    assert [url for url in asked if not url.startswith(town.partition("/live")[0] + "/") and url != "data:,"] == []


def test_it_shows_the_load_of_a_town_that_lives_and_hides_the_key(page: Page, town: str) -> None:
    page.goto(town)
    expect(page.locator("#line")).to_have_text("live", timeout=30_000)
    expect(page.locator("#plot svg .limit").first).to_be_attached(timeout=30_000)
    assert page.url == town.partition("#")[0]
    expect(page.locator("#figures")).to_contain_text("load of F1")
    assert page.locator(".tile").count() >= 3
    before = page.locator("#clock").inner_text()
    expect(page.locator("#clock")).not_to_have_text(before, timeout=15_000)
    page.reload()
    expect(page.locator("#line")).to_have_text("live", timeout=30_000)


def test_who_has_no_key_is_asked_for_one(browser: Browser, town: str) -> None:
    url, _, key = town.partition("#key=")
    tab = browser.new_context().new_page()
    tab.goto(url)
    expect(tab.locator("#line")).to_have_text("not let in", timeout=15_000)
    tab.get_by_label("Key to the API").fill(key)
    tab.get_by_role("button", name="Look").click()
    expect(tab.locator("#line")).to_have_text("live", timeout=15_000)
    expect(tab.locator("#door")).to_be_hidden()
    tab.context.close()


def test_a_posted_limit_is_shown_as_soon_as_it_is_planned_for(page: Page, town: str) -> None:
    page.goto(town)
    expect(page.locator("#event")).to_be_visible(timeout=60_000)
    expect(page.locator("#event")).to_contain_text("evening peak")
    expect(page.locator("#news")).to_contain_text("Limit on F1")


# shown what seldom happens


def circuit(node: str, kind: str, load_kw: float, limit_kw: float) -> dict[str, Any]:
    return {"node": node, "parent": "F1", "kind": kind, "limit_kw": limit_kw, "posted": node == "F1", "base_kw": 10.0,
            "base_kw_high": 12.0, "ev_kw": load_kw - 10.0, "load_kw": load_kw}  # fmt: skip


def car(number: int, state: str, *marks: str) -> dict[str, Any]:
    return {"session_id": f"s{number}", "device_id": f"CP{number}", "site_id": "S", "vehicle_id": "", "state": state,
            "marks": marks, "power_kw": 3.7, "energy_kwh": 30.0, "energy_kwh_delivered": 12.3, "lacking_kwh": 4.2,
            "departs_at": "2026-01-13T18:30:00Z",
            "why": "paused 12:00-13:00: feeder F1 at its limit; <b>charges</b>; ready by 18:00"}  # fmt: skip


ROWS = [["feeder peak, kW", "1,247 at 20:15", "1,187 at 23:10"], ["  short", "3", "0"]]
STATE: dict[str, Any] = {
    "tenant": "t", "now": NOON, "timezone": "Europe/Amsterdam", "head": "F1",
    "circuits": [circuit("F1", "feeder", 130.0, 120.0), circuit("T1", "transformer", 60.0, 50.0),
                 circuit("T2", "transformer", 48.0, 50.0), circuit("T3", "transformer", 12.0, 50.0)],
    "circuits_left_out": 0, "devices": {"controlled": 9, "offline": 2},
    "cars": {"plugged_in": 4, "charging": 1, "waiting": 2, "full": 1, "opted_out": 1, "boosted": 0, "late": 1,
             "uncontrolled": {"offline": 1},
             "noted": [car(1, "waiting", "late"), car(2, "charging", "opted_out"), car(3, "waiting", "offline"),
                       car(4, "full", "overdue")]},
    "price": {"price_per_kwh": 0.21, "currency": "EUR", "carbon_g_per_kwh": 310.0},
    "limits": [{"limit_id": "L", "node": "F1", "start": "2026-01-13T10:30:00Z", "end": "2026-01-13T12:30:00Z",
                "limit_kw": 120.0, "reason": "evening peak", "holds": True}],
    "plan": {"plan_id": "p", "made_at": NOON, "trigger": "tick", "seconds": 0.03, "gap": 0.0001, "sessions": 4,
             "told": 1, "kept": 3, "energy_kwh_unserved": 4.2,
             "overloads": [{"node": "T1", "at": NOON, "kw_over": 9.0}]},
    "ahead": {"start": NOON, "step_minutes": 15.0, "load_kw": [130.0] * 56,
              "limit_kw": [120.0] * 6 + [None] * 50, "price_per_kwh": [0.21] * 28 + [None] * 28},
    "guards": [], "faults": ["guard at S: the site's meter has told nothing for too long"],
    "extra": {"unmanaged_ev_kw": 200.0, "last_day": {"number": 1, "title": "Day 1", "rows": ROWS},
              "town": {"day": 2, "speed": 90.0, "speed_wanted": 360.0, "lag_s": 70.0, "slowed": True}},
}  # fmt: skip
PAST = {
    "node": "F1", "at": [f"2026-01-13T0{hour}:00:00Z" for hour in range(1, 10)], "load_kw": [90.0] * 9,
    "ev_kw": [20.0] * 9, "limit_kw": [140.0] * 9, "price_per_kwh": [0.1] * 9, "unmanaged_kw": [None] * 4 + [150.0] * 5,
}  # fmt: skip
DECISION = {"number": 7, "at": NOON, "device_id": "CP1", "session_id": "s1", "kind": "limit", "power_kw": 0.0,
            "why": "paused", "plan_id": "p", "order_id": "o"}  # fmt: skip


def told(topic: str, data: object) -> str:
    return f"id: e/{topic}=1\nevent: {topic}\ndata: {json.dumps(data)}\n\n"


@pytest.fixture
def unusual(page: Page, town: str) -> Page:
    body = told("state", {"state": STATE}) + told("decisions", {"decisions": [DECISION]})
    answers = {"stream": ("text/event-stream", body), "history": ("application/json", json.dumps(PAST))}

    def answer(route: Route) -> None:
        kind, text = answers[route.request.url.partition("?")[0].rpartition("/")[2]]
        route.fulfill(content_type=kind, body=text)

    page.route(re.compile(r"/v1/"), answer)
    page.goto(town)
    expect(page.locator("#plot svg")).to_be_visible(timeout=15_000)
    return page


def test_an_overload_is_told_in_words_and_shape_not_colour_alone(unusual: Page) -> None:
    over, tight = unusual.locator('[data-node="T1"]'), unusual.locator('[data-node="T2"]')
    expect(over).to_contain_text("120 %")
    expect(over).to_contain_text("▲ over")
    assert over.evaluate("tile => getComputedStyle(tile).outlineStyle") == "solid"
    expect(tight).to_contain_text("96 %")
    assert tight.evaluate("tile => getComputedStyle(tile).outlineStyle") == "none"
    expect(unusual.locator("#feeder-words")).to_contain_text("T1 above the limit")
    expect(unusual.locator("#figures .over")).to_contain_text("108 % of 120 kW, posted")


def test_faults_events_cars_and_the_day_before_are_told(unusual: Page) -> None:
    expect(unusual.locator("#faults")).to_contain_text("told nothing for too long")
    expect(unusual.locator("#event")).to_contain_text("In force: F1 at most 120 kW")
    expect(unusual.locator("#event")).to_contain_text("ends in 1 h 30 min")
    expect(unusual.locator("#clock")).to_contain_text("12:00")  # in the time of the sites
    rows = unusual.locator("#cars tbody tr")
    assert [rows.nth(n).locator(".mark").inner_text() for n in range(4)] == [
        "short by 4.2 kWh", "opted out", "offline", "should be gone",
    ]  # fmt: skip
    expect(rows.first.locator(".why")).to_have_text("paused 12:00-13:00: feeder F1 at its limit; … ready by 18:00")
    expect(unusual.locator("#day-table")).to_contain_text("short")
    expect(unusual.locator("#pace")).to_contain_text("slowed from 360×")


def test_the_pointer_reads_the_chart_out(unusual: Page) -> None:
    box = unusual.locator("#plot svg").bounding_box()
    assert box is not None
    unusual.mouse.move(box["x"] + 150, box["y"] + 100)
    expect(unusual.locator(".readout")).to_contain_text("load")
    expect(unusual.locator(".readout")).to_contain_text("140 kW")
    unusual.mouse.move(2, 2)
    expect(unusual.locator(".readout")).to_have_count(0)


@pytest.mark.parametrize("width", [320, 390, 768])
def test_it_never_scrolls_sideways(unusual: Page, width: int) -> None:
    unusual.set_viewport_size({"width": width, "height": 844})
    assert unusual.evaluate("document.documentElement.scrollWidth") <= width


CONTRASTS = """
() => {
  const parts = colour => colour.match(/[\\d.]+/g).map(Number)
  const shine = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    return 0.2126 * x + 0.7152 * y + 0.0722 * z
  }
  const ground = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor, found = parts(colour)
      if (found.length < 4 || found[3] === 1) return found
    }
    return [255, 255, 255]
  }
  const seen = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue
    const style = getComputedStyle(element)
    const ink = parts(element.closest('svg') ? style.fill : style.color)
    const [more, less] = [shine(ink), shine(ground(element))].sort((a, b) => b - a)
    seen.push([(more + 0.05) / (less + 0.05), walker.currentNode.data.trim().slice(0, 40)])
  }
  return seen
}
"""


def test_every_text_has_contrast_enough(unusual: Page) -> None:
    seen = unusual.evaluate(CONTRASTS)
    assert len(seen) > 100
    assert [(round(ratio, 2), text) for ratio, text in seen if ratio < 4.5] == []


def test_whatever_takes_the_keyboard_has_a_name_and_the_page_has_its_landmarks(unusual: Page) -> None:
    for role in ("main", "banner", "contentinfo"):
        assert unusual.get_by_role(role).count() == 1  # type: ignore[arg-type]
    assert unusual.get_by_role("heading", level=1).count() == 1
    assert unusual.locator("[aria-live]").count() == 1
    unnamed = unusual.evaluate(
        "[...document.querySelectorAll('section, [role=region], svg[role=img], table')].filter(one => !one.hidden &&"
        " !(one.getAttribute('aria-label') || one.getAttribute('aria-labelledby') || one.caption)).length"
    )
    assert unnamed == 0
