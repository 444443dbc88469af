"""Every route is asked as nobody, as another tenant and without its role. A new route fails here until it is listed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from evenload.service.access_rows import Role
from evenload.web.tenant_route import TenantRoute

SOON, LATER = "2026-01-12T17:00:00Z", "2026-01-12T19:00:00Z"
LIMIT = {"node": "feeder-south", "start": SOON, "end": LATER, "limit_kw": 40}
DEVICE = {"site_id": "depot-south", "identity": "CP-south"}
LOADS = {"loads": [{"node": "feeder-south", "at": "2026-01-12T11:00:00Z", "load_kw": 3}]}
SIGNALS = {"signals": [{"node": "feeder-south", "at": SOON, "price_per_kwh": 0.2, "currency": "EUR"}]}

EMS = {"site_id": "depot-south", "address": "http://lot", "power_kw_max": 50.0, "fallback_kw": 5.0}
CAR = {"vehicle_id": "van-south", "provider": "smartcar", "site_id": "depot-south"}
CONSENT = {"purpose": "research", "text_version": "2026-01"}
SURVEY = {"title": "How was it?", "questions": [{"question_id": "ready", "text": "Was it ready?"}]}


@dataclass(frozen=True)
class Case:
    """How a route is asked. ``path`` names things of south; ``role`` is the least that may ask."""

    role: Role
    path: str
    body: Any = None
    own: bool = False
    """It names nothing: who asks sees or changes only what is of the own tenant."""


AT = "/v1/drivers/driver-south"
X, V, D, O, A = Role.DRIVER, Role.VIEWER, Role.DRIVER_AGENT, Role.OPERATOR, Role.ADMIN  # noqa: E741
CASES = {
    "GET /v1/sites": Case(V, "/v1/sites", own=True),
    "GET /v1/sites/{site_id}": Case(V, "/v1/sites/depot-south"),
    "PUT /v1/sites/{site_id}": Case(O, "/v1/sites/depot-south", {"name": "x"}),
    "DELETE /v1/sites/{site_id}": Case(O, "/v1/sites/depot-south"),
    "GET /v1/circuits": Case(V, "/v1/circuits", own=True),
    "POST /v1/circuits": Case(O, "/v1/circuits", {"circuits": [{"node": "t", "parent": "feeder-south"}]}),
    "GET /v1/circuits/{node}": Case(V, "/v1/circuits/feeder-south"),
    "PUT /v1/circuits/{node}": Case(O, "/v1/circuits/t", {"parent": "feeder-south"}),
    "DELETE /v1/circuits/{node}": Case(O, "/v1/circuits/feeder-south"),
    "GET /v1/devices": Case(V, "/v1/devices", own=True),
    "GET /v1/devices/{device_id}": Case(V, "/v1/devices/CP-south:1"),
    "PUT /v1/devices/{device_id}": Case(O, "/v1/devices/CP-south:1", DEVICE),
    "DELETE /v1/devices/{device_id}": Case(O, "/v1/devices/CP-south:1"),
    "GET /v1/stations": Case(V, "/v1/stations", own=True),
    "POST /v1/stations": Case(O, "/v1/stations", {"identity": "CP-new"}, own=True),
    "GET /v1/stations/{identity}": Case(V, "/v1/stations/CP-south"),
    "POST /v1/stations/{identity}/approve": Case(O, "/v1/stations/CP-south/approve"),
    "GET /v1/vehicles": Case(V, "/v1/vehicles", own=True),
    "GET /v1/vehicles/{vehicle_id}": Case(V, "/v1/vehicles/van-south"),
    "PUT /v1/vehicles/{vehicle_id}": Case(D, "/v1/vehicles/van-south", {}, own=True),
    "DELETE /v1/vehicles/{vehicle_id}": Case(D, "/v1/vehicles/van-south"),
    "GET /v1/vehicles/{vehicle_id}/state": Case(V, "/v1/vehicles/van-south/state"),
    "GET /v1/vehicles/{vehicle_id}/sources": Case(V, "/v1/vehicles/van-south/sources"),
    "POST /v1/vehicles/{vehicle_id}/source": Case(D, "/v1/vehicles/van-south/source", {"source": "obd"}),
    "GET /v1/vehicle-links": Case(V, "/v1/vehicle-links", own=True),
    "POST /v1/vehicle-links": Case(D, "/v1/vehicle-links", CAR),
    "GET /v1/vehicle-links/{vehicle_id}": Case(V, "/v1/vehicle-links/van-south"),
    "DELETE /v1/vehicle-links/{vehicle_id}": Case(D, "/v1/vehicle-links/van-south"),
    "GET /v1/vehicle-acts": Case(V, "/v1/vehicle-acts", own=True),
    "GET /v1/vehicle-acts/account": Case(V, "/v1/vehicle-acts/account?event_id=event-south"),
    "GET /v1/cables": Case(V, "/v1/cables", own=True),
    "GET /v1/cables/conflicts": Case(V, "/v1/cables/conflicts", own=True),
    "GET /v1/cables/{session_id}": Case(V, "/v1/cables/session-south"),
    "POST /v1/cables/{session_id}/say": Case(O, "/v1/cables/session-south/say", {"vehicle_id": "van-south"}),
    "GET /v1/energy-managers": Case(V, "/v1/energy-managers", own=True),
    "GET /v1/energy-managers/{device_id}": Case(V, "/v1/energy-managers/lot-south"),
    "PUT /v1/energy-managers/{device_id}": Case(O, "/v1/energy-managers/lot-south", EMS),
    "DELETE /v1/energy-managers/{device_id}": Case(O, "/v1/energy-managers/lot-south"),
    "GET /v1/drivers": Case(X, "/v1/drivers", own=True),
    "GET /v1/drivers/{driver_id}": Case(X, AT),
    "PUT /v1/drivers/{driver_id}": Case(X, AT, {"vehicles": ["van-south"], "language": "nb"}),
    "DELETE /v1/drivers/{driver_id}": Case(O, AT),
    "GET /v1/drivers/{driver_id}/why": Case(X, f"{AT}/why"),
    "GET /v1/drivers/{driver_id}/forecast": Case(X, f"{AT}/forecast"),
    "GET /v1/drivers/{driver_id}/links": Case(D, f"{AT}/links"),
    "POST /v1/drivers/{driver_id}/links": Case(D, f"{AT}/links", {"days": 3.0}),
    "DELETE /v1/drivers/{driver_id}/links/{link_id}": Case(X, f"{AT}/links/southernlink"),
    "GET /v1/drivers/{driver_id}/wishes": Case(X, f"{AT}/wishes"),
    "PUT /v1/drivers/{driver_id}/wishes": Case(X, f"{AT}/wishes", {"energy_kwh": 9.0}),
    "POST /v1/drivers/{driver_id}/wishes/undo": Case(X, f"{AT}/wishes/undo", {}),
    "GET /v1/drivers/{driver_id}/choices": Case(X, f"{AT}/choices"),
    "DELETE /v1/drivers/{driver_id}/choices/{choice_id}": Case(X, f"{AT}/choices/choice-south"),
    "POST /v1/drivers/{driver_id}/skip": Case(X, f"{AT}/skip", {}),
    "POST /v1/drivers/{driver_id}/boost": Case(X, f"{AT}/boost", {}),
    "POST /v1/drivers/{driver_id}/opt-outs": Case(X, f"{AT}/opt-outs", {}),
    "POST /v1/drivers/{driver_id}/vacation": Case(X, f"{AT}/vacation", {"end": LATER}),
    "GET /v1/drivers/{driver_id}/history": Case(X, f"{AT}/history"),
    "GET /v1/drivers/{driver_id}/quote": Case(X, f"{AT}/quote"),
    "GET /v1/drivers/{driver_id}/suggestions": Case(X, f"{AT}/suggestions"),
    "POST /v1/drivers/{driver_id}/suggestions/{suggestion_id}/accept": Case(X, f"{AT}/suggestions/x/accept"),
    "POST /v1/drivers/{driver_id}/suggestions/{suggestion_id}/dismiss": Case(X, f"{AT}/suggestions/x/dismiss"),
    "GET /v1/sessions": Case(V, "/v1/sessions", own=True),
    "GET /v1/sessions/{session_id}": Case(V, "/v1/sessions/session-south"),
    "GET /v1/sessions/{session_id}/explanation": Case(V, "/v1/sessions/session-south/explanation"),
    "POST /v1/sessions/{session_id}/declare": Case(D, "/v1/sessions/session-south/declare", {"energy_kwh": 9}),
    "POST /v1/sessions/{session_id}/boost": Case(D, "/v1/sessions/session-south/boost", {}),
    "POST /v1/sessions/{session_id}/opt-out": Case(D, "/v1/sessions/session-south/opt-out", {}),
    "GET /v1/plans": Case(V, "/v1/plans", own=True),
    "GET /v1/plans/{plan_id}": Case(V, "/v1/plans/plan-south"),
    "GET /v1/decisions": Case(V, "/v1/decisions", own=True),
    "GET /v1/limits": Case(V, "/v1/limits", own=True),
    "POST /v1/limits": Case(O, "/v1/limits", LIMIT),
    "GET /v1/limits/{limit_id}": Case(V, "/v1/limits/limit-south"),
    "DELETE /v1/limits/{limit_id}": Case(O, "/v1/limits/limit-south"),
    "GET /v1/readings": Case(V, "/v1/readings?device_id=CP-south:1"),
    "GET /v1/loads": Case(V, "/v1/loads?node=feeder-south", own=True),
    "POST /v1/loads": Case(O, "/v1/loads", LOADS),
    "GET /v1/signals": Case(V, "/v1/signals", own=True),
    "POST /v1/signals": Case(O, "/v1/signals", SIGNALS),
    "GET /v1/events": Case(V, "/v1/events", own=True),
    "GET /v1/users": Case(A, "/v1/users", own=True),
    "POST /v1/users": Case(A, "/v1/users", {"email": "eve@example.org"}, own=True),
    "GET /v1/users/{user_id}": Case(A, "/v1/users/ann-south"),
    "PATCH /v1/users/{user_id}": Case(A, "/v1/users/ann-south", {"name": "x"}),
    "GET /v1/keys": Case(A, "/v1/keys", own=True),
    "POST /v1/keys": Case(A, "/v1/keys", {"name": "x"}, own=True),
    "DELETE /v1/keys/{key_id}": Case(A, "/v1/keys/southernkey"),
    "GET /v1/webhooks": Case(A, "/v1/webhooks", own=True),
    "POST /v1/webhooks": Case(A, "/v1/webhooks", {"url": "https://example.org/"}, own=True),
    "GET /v1/webhooks/{webhook_id}": Case(A, "/v1/webhooks/hook-south"),
    "PUT /v1/webhooks/{webhook_id}": Case(A, "/v1/webhooks/hook-south", {"url": "https://example.org/"}),
    "DELETE /v1/webhooks/{webhook_id}": Case(A, "/v1/webhooks/hook-south"),
    "GET /v1/audit": Case(A, "/v1/audit", own=True),
    "GET /v1/me": Case(X, "/v1/me", own=True),
    "PUT /v1/me/password": Case(X, "/v1/me/password", {"old": "x", "new": "0123456789"}, own=True),
    "POST /v1/relay/events": Case(O, "/v1/relay/events", {"site_id": "depot-south", "events": []}),
    "GET /v1/relay/orders": Case(O, "/v1/relay/orders?site_id=depot-south"),
    "GET /v1/relay/site": Case(O, "/v1/relay/site?site_id=depot-south"),
    "GET /v1/state": Case(V, "/v1/state", own=True),
    "GET /v1/state/history": Case(V, "/v1/state/history", own=True),
    "GET /v1/people": Case(O, "/v1/people", own=True),
    "GET /v1/people/{person_id}": Case(O, "/v1/people/p-south"),
    "PUT /v1/people/{person_id}": Case(O, "/v1/people/p-new", {"name": "Bea"}, own=True),
    "DELETE /v1/people/{person_id}": Case(A, "/v1/people/p-south"),
    "GET /v1/people/{person_id}/export": Case(A, "/v1/people/p-south/export"),
    "GET /v1/people/{person_id}/consents": Case(X, "/v1/people/driver-south/consents", own=True),
    "POST /v1/people/{person_id}/consents": Case(X, "/v1/people/p-new/consents", CONSENT, own=True),
    "DELETE /v1/people/{person_id}/consents/{purpose}": Case(X, "/v1/people/driver-south/consents/messages"),
    "GET /v1/messages": Case(O, "/v1/messages", own=True),
    "GET /v1/surveys": Case(O, "/v1/surveys", own=True),
    "PUT /v1/surveys/{survey_id}": Case(O, "/v1/surveys/new", SURVEY, own=True),
    "POST /v1/surveys/{survey_id}/invitations": Case(O, "/v1/surveys/survey-south/invitations", {}),
    "GET /v1/surveys/{survey_id}/results": Case(O, "/v1/surveys/survey-south/results"),
    "GET /v1/stream": Case(V, "/v1/stream?topics=nothing", own=True),
}
"""The stream never ends, so it is asked for what it does not have: who may ask is told 422."""
OPEN = {
    "GET /",
    "POST /v1/login", "POST /v1/logout", "GET /v1/oidc/login", "GET /v1/oidc/callback", "GET /healthz", "GET /readyz",
    "GET /v1/clouds/{provider}/callback", "POST /v1/clouds/{provider}/webhook", "GET /metrics", "GET /docs",
    "GET /docs/oauth2-redirect", "GET /redoc", "GET /live", "GET /live.css",
    "GET /live.js", "GET /v1/answers/{token}", "POST /v1/answers/{token}",
}  # fmt: skip
ROLES = list(Role)


def named(routes: list[Any]) -> Iterator[tuple[str, APIRoute]]:
    """Every route by its method and path, those of included routers too."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield from ((f"{method} {route.path}", route) for method in route.methods or ())
        yield from named(getattr(getattr(route, "original_router", None), "routes", []))


def ask(client: TestClient, name: str, case: Case) -> Any:
    return client.request(name.partition(" ")[0], case.path, json=case.body)


def test_every_route_is_listed_here_and_those_of_a_tenant_find_out_who_asks(bench: Any) -> None:
    routes = dict(named(bench.app().routes))
    assert set(routes) == set(CASES) | OPEN
    assert {name for name, route in routes.items() if isinstance(route, TenantRoute)} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_nobody_is_answered(bench: Any, name: str) -> None:
    client = TestClient(bench.app())
    for authorization in ("", "Bearer evl_000000_" + "0" * 32, "Bearer abc.def.ghi", "Basic YTpi"):
        answer = client.request(
            name.partition(" ")[0], CASES[name].path, json=CASES[name].body,
            headers={"Authorization": authorization} if authorization else {},
        )  # fmt: skip
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("name", CASES)
def test_another_tenant_neither_sees_nor_changes_anything(bench: Any, asks: Any, name: str) -> None:
    case = CASES[name]
    with bench.store.reading() as unit:
        before = kept_of(unit, "south")
    answer = ask(asks(Role.ADMIN, "north"), name, case)
    if case.own:
        assert answer.status_code in (200, 201, 403, 422)
        assert "-south" not in answer.text.replace("van-south", "" if name.startswith("PUT") else "van-south")
    else:
        assert answer.status_code in (404, 409, 422)
    with bench.store.reading() as unit:
        assert kept_of(unit, "south") == before


@pytest.mark.parametrize("name", CASES)
def test_who_may_less_than_the_least_role_is_refused_and_changes_nothing(bench: Any, asks: Any, name: str) -> None:
    case = CASES[name]
    for role in ROLES[: ROLES.index(case.role)]:
        client = asks(role, "south")
        with bench.store.reading() as unit:
            before = kept_of(unit, "south")
        answer = ask(client, name, case)
        assert (answer.status_code, answer.json()["reason"]) == (403, "role")
        with bench.store.reading() as unit:
            assert kept_of(unit, "south") == before


@pytest.mark.parametrize("name", CASES)
def test_the_least_role_is_enough(asks: Any, name: str) -> None:
    answer = ask(asks(CASES[name].role, "south"), name, CASES[name])
    assert answer.status_code != 401
    if answer.status_code == 403:
        assert answer.json()["reason"] != "role"


def kept_of(unit: Any, tenant: str) -> list[Any]:
    return [
        unit.circuits.of(tenant), unit.sites.of(tenant), unit.devices.of(tenant, retired=True),
        unit.vehicles.of(tenant), unit.sessions.going_on(tenant), unit.decisions.last(tenant, 99),
        unit.loads.latest(tenant), unit.users.of(tenant), unit.users.keys_of(tenant), unit.webhooks.of(tenant),
        unit.audit.last(tenant, 99), unit.stations.of(tenant), unit.plans.last(tenant, 9),
        unit.orders.last(tenant, 9), unit.drivers.of(tenant), unit.wishes.of(tenant, f"driver-{tenant}", past=True),
        unit.wishes.choices(tenant, f"driver-{tenant}"), unit.driver_links.of(tenant, f"driver-{tenant}"),
        unit.consents.of_person(tenant, f"p-{tenant}"), unit.messages.last(tenant, 9),
        unit.surveys.of(tenant), unit.surveys.invitations(tenant), unit.cars.links(tenant), unit.cars.states(tenant),
        unit.cars.sources(tenant, f"van-{tenant}"), unit.cables.energy_managers(tenant),
        unit.cables.pairs(tenant, [f"session-{tenant}"]), unit.cables.conflicts_going_on(tenant),
    ]  # fmt: skip
