"""Linked cars over the REST API, as a program manager, a driver's browser and a cloud use it."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from evenload.domain.vehicle_state import Provider
from evenload.service import keys
from evenload.service.access_rows import Role
from evenload.service.cars import links
from evenload.service.live_rows import LimitRow
from evenload.service.scope import Scope
from evenload.telematics.http import signature
from evenload.web.api import api
from evenload.web.options import ApiOptions, Services

HTML = {"accept": "text/html,application/xhtml+xml"}
TESLA = {"vehicle_id": "leaf", "provider": "tesla", "site_id": "house"}


class NoHash:
    def hash(self, password: str) -> str:
        return password

    def verify(self, password: str, hashed: str) -> bool:
        return password == hashed


@dataclass
class Rest:
    """The API of a bench, and who asks it."""

    bench: Any

    def __post_init__(self) -> None:
        bench = self.bench
        services = Services(
            bench.store, lambda: bench.now, ApiOptions(b"k" * 32, public_url="http://us"), NoHash(), str, bench.draw,
            cars=bench.side,
        )  # fmt: skip
        self.app = api(services, bench.seconds)

    def client(self, role: Role | None = Role.DRIVER_AGENT) -> httpx.AsyncClient:
        made = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url="http://us")
        if role is not None:
            key_id, secret = self.bench.draw()[-12:], self.bench.draw() * 2
            admin = Scope("home", "t", Role.ADMIN)
            keys.add_key(admin, self.bench.store, key_id, secret, self.bench.now, name="t", role=role)
            made.headers["Authorization"] = f"Bearer {keys.key_text(key_id, secret)}"
        return made


async def begun(rest: Rest, body: Any = TESLA) -> dict[str, Any]:
    answer = await rest.client().post("/v1/vehicle-links", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return dict(answer.json())


@pytest.mark.requirement("R80", "R91")
def test_a_car_is_linked_seen_and_revoked(played: Any) -> None:
    async def story(bench: Any) -> None:
        rest = Rest(bench)
        client = rest.client()
        car = bench.car(Provider.TESLA, "ann")
        asked = await begun(rest, {**TESLA, "home": {"latitude": 52.37, "longitude": 4.9}})
        back = await rest.client(None).get(
            "/v1/clouds/tesla/callback", params=await bench.visit(asked["url"], "ann"), headers=HTML
        )
        assert back.status_code == 200
        assert "Linked: TESLA" in back.text
        assert "default-src 'none'" in back.headers["content-security-policy"]
        car.drive(bench.now, is_home=True)  # so it is awake
        await bench.beat(2)
        listed = (await client.get("/v1/vehicle-links")).json()["items"]
        assert [(one["vehicle_id"], one["consent"]) for one in listed] == [("leaf", "granted")]
        status = (await client.get("/v1/vehicle-links/leaf")).json()
        assert (status["connected"], status["fault"]) == (True, "")
        state = (await client.get("/v1/vehicles/leaf/state")).json()
        assert state == status["state"] | {"age_s": state["age_s"]}
        assert state["plug"] == "unplugged"
        text = json.dumps([listed, status, state])
        for secret in (car.spec.vin, "52.37", *bench.makers.tesla.core.accounts._access):
            assert secret not in text
        ended = await client.delete("/v1/vehicle-links/leaf", params={"why": "moved away"})
        assert (ended.json()["consent"], ended.json()["revoked_why"]) == ("revoked", "moved away")
        gone = await client.get("/v1/vehicles/leaf/state")
        assert (gone.status_code, gone.json()["detail"]) == (404, "vehicle 'leaf' has told nothing yet")
        assert [one["source"] for one in (await client.get("/v1/vehicles/leaf/sources")).json()] == ["tesla", "charger"]

    played(story)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({**TESLA, "vehicle_id": "a b"}, 422, "must be a name"),
        ({**TESLA, "vehicle_id": "x" * 50}, 422, "has 1 to 44 letters"),
        ({**TESLA, "provider": "telsa"}, 422, "body.provider"),
        ({**TESLA, "provider": "obd"}, 422, "import-logger"),
        ({**TESLA, "site_id": "hose"}, 404, "there is no site 'hose'. Did you mean 'house'?"),
        ({**TESLA, "home": {"latitude": 152.0, "longitude": 4.9}}, 422, "body.home.latitude: must be 90 or less"),
        ({**TESLA, "vin": "5YJ3E1EA7KF317000"}, 422, "body.vin"),
        ({"vehicle_id": "leaf"}, 422, "body.provider"),
    ],
)
def test_what_is_asked_wrongly_is_told_in_words(played: Any, body: Any, status: int, words: str) -> None:
    async def story(bench: Any) -> None:
        answer = await Rest(bench).client().post("/v1/vehicle-links", json=body)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert words in answer.json()["detail"]

    played(story)


def test_roles_and_what_is_not_there(played: Any) -> None:
    async def story(bench: Any) -> None:
        rest = Rest(bench)
        viewer = rest.client(Role.VIEWER)
        assert (await viewer.post("/v1/vehicle-links", json=TESLA)).status_code == 403
        assert (await viewer.delete("/v1/vehicle-links/leaf")).status_code == 403
        missing = await viewer.get("/v1/vehicle-links/leaf")
        assert (missing.status_code, missing.json()["detail"]) == (404, "no car is linked as vehicle 'leaf'.")
        none = await viewer.get("/v1/vehicle-acts/account", params={"event_id": "peak"})
        assert (none.status_code, none.json()["detail"]) == (404, "no car was asked anything for 'peak'")
        bench.makers.enode.core.is_down = True
        away = await rest.client().post("/v1/vehicle-links", json={**TESLA, "provider": "enode"})
        assert (away.status_code, away.json()["reason"]) == (502, "cloud")
        assert "enode gives no address to consent at: the cloud" in away.json()["detail"]

    played(story)


def test_a_browser_that_comes_back_wrongly_gets_a_page_and_a_program_a_problem(played: Any) -> None:
    async def story(bench: Any) -> None:
        rest = Rest(bench)
        anybody = rest.client(None)
        page = await anybody.get("/v1/clouds/tesla/callback", params={"state": "<script>", "code": "x"}, headers=HTML)
        assert page.status_code == 409
        assert "This consent was not asked for here" in page.text
        problem = await anybody.get("/v1/clouds/tesla/callback", params={"state": "x"})
        assert (problem.status_code, problem.json()["reason"]) == (409, "unknown")
        asked = await begun(rest)
        told = await bench.visit(asked["url"], "nobody")
        empty = await anybody.get("/v1/clouds/tesla/callback", params=told, headers=HTML)
        assert (empty.status_code, "shows no car" in empty.text) == (409, True)
        assert (await anybody.get("/v1/clouds/obd/callback", params={"state": "x"})).status_code == 409
        assert (await anybody.get("/v1/clouds/bmw/callback")).status_code == 422

    played(story)


@pytest.mark.requirement("R91")
def test_webhooks_are_believed_only_when_they_are_signed(played: Any) -> None:
    async def story(bench: Any) -> None:
        rest = Rest(bench)
        anybody = rest.client(None)
        car = await bench.link(Provider.ENODE, "leaf")
        await bench.beat()
        lost = {"event": "user:credentials:invalidated", "user": {"id": car.spec.user_id}, "vendor": "RIVULET"}
        body = json.dumps([lost]).encode()
        unsigned = await anybody.post("/v1/clouds/enode/webhook", content=body)
        assert (unsigned.status_code, unsigned.json()["reason"]) == (401, "signature_missing")
        forged = {"x-enode-signature": "sha1=" + "0" * 40}
        wrong = await anybody.post("/v1/clouds/enode/webhook", content=body, headers=forged)
        assert (wrong.status_code, wrong.json()["reason"]) == (401, "signature_wrong")
        assert links.link(bench.scope(), bench.store, "leaf").revoked_at is None
        signed = {"x-enode-signature": "sha1=" + signature("hook-secret", body, "sha1")}
        assert (await anybody.post("/v1/clouds/enode/webhook", content=body, headers=signed)).status_code == 200
        await bench.beat()
        assert links.link(bench.scope(), bench.store, "leaf").withdrawn
        await bench.link(Provider.ENODE, "leaf", name="again")
        await bench.beat()
        assert (await anybody.post("/v1/clouds/enode/webhook", content=body, headers=signed)).status_code == 200
        await bench.beat()
        assert links.link(bench.scope(), bench.store, "leaf").revoked_at is None  # told again, it ends nothing
        huge = await anybody.post("/v1/clouds/enode/webhook", content=b"x" * (1 << 21))
        assert (huge.status_code, huge.json()["reason"]) == (413, "too_long")

    played(story)


@pytest.mark.requirement("R91")
def test_the_account_of_an_event_counts_every_car(played: Any) -> None:
    async def story(bench: Any) -> None:
        car = await bench.link(Provider.TESLA, "leaf")
        car.plug_in(bench.empty_car(), bench.now)
        bench.later(minutes=2)
        await bench.beat(2)
        limit = LimitRow("home", "peak", "house", bench.now, bench.now + timedelta(hours=1), 0.0)
        with bench.store.writing() as unit:
            unit.limits.put([limit])
        bench.later(seconds=5)
        await bench.carry_out(bench.order(0.0))
        client = Rest(bench).client(Role.VIEWER)
        account = (await client.get("/v1/vehicle-acts/account", params={"event_id": "peak"})).json()
        assert (account["total"], account["settled"], account["counts"]["confirmed"]) == (1, True, 1)
        (act,) = (await client.get("/v1/vehicle-acts", params={"event_id": "peak"})).json()["items"]
        assert (act["vehicle_id"], act["kind"], act["why"]) == ("leaf", "stop", "the car did it")
        (last,) = (await client.get("/v1/vehicle-acts")).json()["items"]
        assert last == act

    played(story)
