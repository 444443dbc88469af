"""The live page and what it is told: packaged, closed to others, and readable in every colour it uses."""

import re
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from evenload.report.palette import DARK, LIGHT
from evenload.service.access_rows import Role
from evenload.service.live_state import CircuitNow, LiveHistory, LiveState
from evenload.web.hub import Topic
from evenload.web.live import StoreSource

FILES = {"/live": "text/html", "/live.css": "text/css", "/live.js": "text/javascript"}


@pytest.fixture
def visitor(bench: Any) -> TestClient:
    return TestClient(bench.app())


@pytest.mark.parametrize("path", FILES)
def test_anybody_gets_the_page_which_may_ask_this_server_only(visitor: TestClient, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(FILES[path])
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert policy["frame-ancestors"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", FILES)
def test_what_a_browser_has_is_not_sent_again(visitor: TestClient, path: str) -> None:
    tag = visitor.get(path).headers["etag"]
    again = visitor.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_nothing_in_the_page_needs_another_host_or_an_inline_script(visitor: TestClient) -> None:
    html, css, js = (visitor.get(path).text for path in FILES)
    assert not re.search(r"\son\w+=|<style|style=|<script(?![^>]*\bsrc=)", html)
    for text in (html, css, js.replace("http://www.w3.org/2000/svg", "")):
        assert not re.search(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text)


def test_every_id_the_script_looks_for_is_in_the_page(visitor: TestClient) -> None:
    html, js = visitor.get("/live").text, visitor.get("/live.js").text
    wanted = set(re.findall(r"\$\('([\w-]+)'\)", js)) | set(re.findall(r"show\('([\w-]+)'", js))
    assert len(wanted) > 15
    assert wanted <= set(re.findall(r'id="([\w-]+)"', html))


def test_every_colour_of_the_style_is_in_the_palette(visitor: TestClient) -> None:
    used = set(re.findall(r"var\(--([\w-]+)\)", visitor.get("/live.css").text)) - {"fill"}
    assert used <= set(LIGHT)
    assert set(LIGHT) == set(DARK)


def test_where_nothing_plans_there_is_little_to_tell(asks: Any) -> None:
    client = asks(Role.VIEWER, "north")
    state = client.get("/v1/state").json()
    assert (state["tenant"], state["circuits"], state["plan"]) == ("north", [], None)
    assert client.get("/v1/state/history").json()["at"] == []


def test_the_state_of_the_own_tenant_is_told_as_it_is(bench: Any) -> None:
    circuit = CircuitNow("F", "", "feeder", None, posted=False, base_kw=1.5, base_kw_high=2.0, ev_kw=0.5, load_kw=2.0)
    app = bench.app()
    services = bench.services()
    told = {"north": LiveState("north", bench.now, head="F", circuits=(circuit,), extra={"town": {"day": 2}})}
    app.state.services = replaced(services, told)
    client = TestClient(app, headers={"Authorization": f"Bearer {bench.key('north', Role.VIEWER)}"})
    state = client.get("/v1/state").json()
    assert state["circuits"][0]["limit_kw"] is None
    assert state["extra"] == {"town": {"day": 2}}
    assert client.get("/v1/state/history").json()["node"] == "north's"


def replaced(services: Any, told: dict[str, LiveState]) -> Any:
    return replace(services, state=told.__getitem__, history=lambda tenant: LiveHistory(f"{tenant}'s"))


def test_the_stream_tells_the_state_of_who_asks(bench: Any) -> None:
    source = StoreSource(bench.store, lambda tenant: LiveState(tenant, bench.now))
    told = source("south", Topic.STATE)
    assert isinstance(told, dict)
    assert told["state"].tenant == "south"
    assert StoreSource(bench.store)("south", Topic.STATE) == {"state": None}
