"""What each shape of cloud answers, asked by plain HTTP as its public reference has it."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from evenload.simulate.clouds.faults import CloudFaults, CloudLimits, Quirk

SHAPES = ("smartcar", "enode", "tesla")
STATE = {
    "smartcar": "/v3/vehicles/SMARTCAR/signals", "enode": "/vehicles/ENODE",
    "tesla": "/api/1/vehicles/TESLA/vehicle_data?endpoints=charge_state;location_data",
}  # fmt: skip
START = {
    "smartcar": ("/v3/vehicles/SMARTCAR/commands/charge/start", None),
    "enode": ("/vehicles/ENODE/charging", {"action": "START"}),
    "tesla": ("/api/1/vehicles/TESLA/command/charge_start", {}),
}  # fmt: skip
STOP = {
    "smartcar": ("/v3/vehicles/SMARTCAR/commands/charge/stop", None),
    "enode": ("/vehicles/ENODE/charging", {"action": "STOP"}),
    "tesla": ("/api/1/vehicles/TESLA/command/charge_stop", {}),
}  # fmt: skip


def signals(answer: httpx.Response) -> dict[str, Any]:
    return {one["attributes"]["code"]: one["attributes"].get("body") for one in answer.json()["data"]}


def soc_percent(name: str, answer: httpx.Response) -> float:
    if name == "smartcar":
        return float(signals(answer)["tractionbattery-stateofcharge"]["value"])
    if name == "enode":
        return float(answer.json()["chargeState"]["batteryLevel"])
    return float(answer.json()["response"]["charge_state"]["battery_level"])


@pytest.mark.parametrize("name", SHAPES)
def test_state_of_charge_is_that_of_the_car_in_the_shapes_own_precision(name: str, clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage()
        stage.let_in()
        stage.cars[name].plug_in(clouds.car(), stage.now)
        async with stage.client(name) as client:
            for _ in range(3):
                stage.later(minutes=47)
                answer = await client.get(STATE[name])
                assert answer.status_code == 200, answer.text
                true = 100 * stage.cars[name].look(stage.now).soc
                assert true - 1 <= soc_percent(name, answer) <= true + 0.06

    clouds.run(story())


@pytest.mark.parametrize("name", SHAPES)
def test_a_stop_takes_as_long_as_it_takes_and_then_nothing_flows(name: str, clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage()
        stage.let_in()
        stage.cars[name].plug_in(clouds.car(), stage.now)
        stage.later(minutes=30)
        path, body = STOP[name]
        async with stage.client(name) as client:
            answer = await client.post(path, json=body)
            assert answer.status_code == 200, answer.text
            if name == "enode":
                assert answer.json()["state"] == "PENDING"
                await stage.makers.enode.settle()
                ended = await client.get(f"/vehicles/actions/{answer.json()['id']}")
                assert (ended.json()["state"], ended.json()["kind"]) == ("CONFIRMED", "STOP")
        assert 3 <= stage.slept_s <= 45
        assert stage.cars[name].look(stage.now).power_kw == 0

    clouds.run(story())


@pytest.mark.parametrize(
    ("name", "status", "word"),
    [("smartcar", 409, "FULLY_CHARGED"), ("enode", 200, "PENDING"), ("tesla", 200, "complete")],
)
def test_a_start_of_a_full_car_says_so(name: str, status: int, word: str, clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage()
        stage.let_in()
        stage.cars[name].plug_in(clouds.car(soc=0.9), stage.now)
        path, body = START[name]
        async with stage.client(name) as client:
            answer = await client.post(path, json=body)
            assert (answer.status_code, word in answer.text) == (status, True), answer.text
            if name == "enode":
                await stage.makers.enode.settle()
                ended = (await client.get(f"/vehicles/actions/{answer.json()['id']}")).json()
                assert (ended["state"], ended["failureReason"]["type"]) == ("FAILED", "UNNECESSARY")

    clouds.run(story())


@pytest.mark.parametrize(("name", "status"), [("smartcar", 409), ("enode", 422), ("tesla", 200)])
def test_a_car_that_is_not_plugged_in_cannot_start(name: str, status: int, clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage()
        stage.let_in()
        stage.cars[name].wake(stage.now)
        async with stage.client(name) as client:
            answer = await client.post(START[name][0], json=START[name][1])
        assert answer.status_code == status
        if name == "tesla":
            assert answer.json()["response"] == {"result": False, "reason": "disconnected"}

    clouds.run(story())


def test_a_tesla_that_sleeps_answers_nothing_until_it_is_woken(clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage()
        stage.let_in()
        car = stage.cars["tesla"]
        car.plug_in(clouds.car(), stage.now)
        car.stop(stage.now)
        stage.later(hours=2)
        async with stage.client("tesla") as client:
            assert (await client.get(STATE["tesla"])).status_code == 408
            assert (await client.post(*START["tesla"][:1], json={})).status_code == 408
            listed = (await client.get("/api/1/vehicles")).json()["response"]
            assert [one["state"] for one in listed] == ["asleep"]
            assert car.wakes == 0, "to ask does not wake it"
            woken = await client.post("/api/1/vehicles/TESLA/wake_up")
            assert woken.json()["response"]["state"] == "online"
            assert (await client.post(START["tesla"][0], json={})).json()["response"]["result"] is True
        assert car.wakes == 1

    clouds.run(story())


def test_amps_of_a_tesla_are_those_it_is_told(clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage()
        stage.let_in()
        stage.cars["tesla"].plug_in(clouds.car(), stage.now)
        async with stage.client("tesla") as client:
            await client.post("/api/1/vehicles/TESLA/command/set_charging_amps", json={"charging_amps": 10})
            again = await client.post("/api/1/vehicles/TESLA/command/set_charging_amps", json={"charging_amps": 10})
            assert again.json()["response"] == {"result": False, "reason": "already_set"}
            state = (await client.get(STATE["tesla"])).json()["response"]["charge_state"]
        assert (state["charge_amps"], state["charger_power"]) == (10, 2)

    clouds.run(story())


# quotas


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_an_application_over_its_quota_is_told_when_to_come_back(share: float, clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage(
            faults=CloudFaults(date_share=share), limits={"smartcar": CloudLimits(app_burst=3, app_per_s=2 / 60)}
        )
        stage.let_in()
        async with stage.client("smartcar") as client:
            for _ in range(3):
                assert (await client.get(STATE["smartcar"])).status_code == 200
            refused = await client.get(STATE["smartcar"])
            assert (refused.status_code, refused.json()["errors"][0]["code"]) == (429, "SMARTCAR_API")
            told = refused.headers["retry-after"]
            wait_s = (parsedate_to_datetime(told) - stage.now).total_seconds() if share else float(told)
            assert 30 <= wait_s <= 32
            stage.later(seconds=wait_s)
            assert (await client.get(STATE["smartcar"])).status_code == 200

    clouds.run(story())


def test_a_plan_is_spent_after_so_many_calls_a_month(clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage(limits={"smartcar": CloudLimits(car_per_month=2)})
        stage.let_in()
        async with stage.client("smartcar") as client:
            codes = [(await client.get(STATE["smartcar"])).status_code for _ in range(3)]
        assert codes == [200, 200, 430]
        stage.later(days=31)
        async with stage.client("smartcar") as client:
            assert (await client.get(STATE["smartcar"])).status_code == 200

    clouds.run(story())


# consent and tokens


def test_a_driver_consents_and_takes_it_back_at_smartcar(clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage()
        async with stage.bare("smartcar") as client:
            asked = {"user": "user-smartcar", "login": "user-smartcar", "redirect_uri": "http://us/back", "state": "s1"}
            sent = await client.get("/oauth/authorize", params=asked)
            told = dict(parse_qsl(urlsplit(sent.headers["location"]).query))
            assert (sent.status_code, told["state"], told["user_id"]) == (302, "s1", "user-smartcar")
            form = {"grant_type": "client_credentials", "client_id": clouds.client_id,
                    "client_secret": clouds.client_secret}  # fmt: skip
            token = (await client.post("/oauth2/token", data=form)).json()["access_token"]
            headers = {"authorization": f"Bearer {token}", "sc-user-id": "user-smartcar"}
            assert (await client.get(STATE["smartcar"], headers=headers)).status_code == 200
            stage.makers.smartcar.core.accounts.withdraw("user-smartcar")
            refused = await client.get(STATE["smartcar"], headers=headers)
            assert (refused.status_code, refused.json()["errors"][0]["type"]) == (403, "PERMISSION")
            stage.later(minutes=61)
            assert (await client.get(STATE["smartcar"], headers=headers)).status_code == 401
            wrong = await client.post("/oauth2/token", data={**form, "client_secret": "other"})
            assert wrong.status_code == 401

    clouds.run(story())


def test_a_refresh_token_works_once_and_not_after_consent_is_gone(clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage()
        async with stage.bare("tesla") as client:
            asked = {"login": "user-tesla", "redirect_uri": "http://us/back", "state": "s2"}
            sent = await client.get("/oauth2/v3/authorize", params=asked)
            code = dict(parse_qsl(urlsplit(sent.headers["location"]).query))["code"]
            who = {"client_id": clouds.client_id, "client_secret": clouds.client_secret}
            got = await client.post("/oauth2/v3/token", data={**who, "grant_type": "authorization_code", "code": code})
            refresh = got.json()["refresh_token"]

            async def renew(token: str) -> httpx.Response:
                return await client.post(
                    "/oauth2/v3/token", data={**who, "grant_type": "refresh_token", "refresh_token": token}
                )

            second = await renew(refresh)
            assert second.status_code == 200
            assert (await renew(refresh)).json()["error"] == "login_required"
            headers = {"authorization": f"Bearer {second.json()['access_token']}"}
            assert (await client.get("/api/1/vehicles", headers=headers)).json()["count"] == 1
            stage.makers.tesla.core.accounts.withdraw("user-tesla")
            assert (await client.get("/api/1/vehicles", headers=headers)).status_code == 401
            assert (await renew(second.json()["refresh_token"])).status_code == 401

    clouds.run(story())


def test_a_driver_is_never_shown_anothers_car(clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage()
        stage.let_in()
        async with stage.client("smartcar", **{"sc-user-id": "somebody"}) as client:
            assert (await client.get(STATE["smartcar"])).status_code == 404

    clouds.run(story())


# webhooks


@pytest.mark.parametrize("name", SHAPES)
def test_what_changes_is_told_once_and_signed(name: str, clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage()
        stage.let_in()
        async with stage.client(name) as client:
            if name == "smartcar":
                await client.post("/v3/vehicles/SMARTCAR/webhooks/h")
            if name == "tesla":
                await client.post("/api/1/vehicles/fleet_telemetry_config", json={"vins": ["TESLA"], "config": {}})
        await stage.beat()
        assert await stage.beat() == []
        stage.cars[name].plug_in(clouds.car(), stage.now)
        (push,) = await stage.beat()
        key, kind = clouds.secret.encode(), hashlib.sha1 if name == "enode" else hashlib.sha256
        want = hmac.new(key, push.body, kind).hexdigest()
        header = {"smartcar": "sc-signature", "enode": "x-enode-signature", "tesla": "x-evenload-signature"}[name]
        assert push.headers[header].removeprefix("sha1=") == want
        assert "harging" in push.body.decode().replace("CHARGING", "harging")

    clouds.run(story())


def test_a_webhook_may_be_lost_or_come_twice_and_one_that_is_not_taken_comes_again(clouds: Any) -> None:
    async def story() -> None:
        lost = clouds.stage(faults=CloudFaults(lost_share=1.0))
        lost.let_in()
        assert await lost.beat() == []
        assert lost.makers.enode.core.counts["webhooks lost"] == 1
        twice = clouds.stage(faults=CloudFaults(twice_share=1.0))
        twice.let_in()
        first, second = await twice.beat()
        assert first == second
        stage, tries = clouds.stage(), []
        stage.let_in()

        async def away(_: Any) -> bool:
            tries.append(stage.now)
            return False

        for _ in range(40):
            await stage.makers.beat(away)
            stage.later(seconds=15)
        assert [(at - clouds.began).total_seconds() for at in tries] == [0, 30, 90, 210]

    clouds.run(story())


def test_an_enode_action_that_another_one_follows_is_cancelled_and_told(clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage()
        stage.let_in()
        stage.cars["enode"].plug_in(clouds.car(), stage.now)
        async with stage.client("enode") as client:
            stop = (await client.post(STOP["enode"][0], json=STOP["enode"][1])).json()
            same = (await client.post(STOP["enode"][0], json=STOP["enode"][1])).json()
            start = (await client.post(START["enode"][0], json=START["enode"][1])).json()
        assert (same["id"] == stop["id"], start["id"] == stop["id"]) == (True, False)
        await stage.makers.enode.settle()
        told = [event for push in await stage.beat() for event in json.loads(push.body)]
        ends = {one["vendorAction"]["id"]: one["vendorAction"]["state"] for one in told if "vendorAction" in one}
        assert ends == {stop["id"]: "CANCELLED", start["id"]: "CONFIRMED"}
        assert stage.cars["enode"].look(stage.now).power_kw > 7

    clouds.run(story())


# oddities


@pytest.mark.parametrize(
    ("quirk", "unit", "value"),
    [(Quirk.FRACTION, None, 0.3), (Quirk.ENERGY_ONLY, "kilowatt_hours", 18.0), (Quirk.ZERO_SOC, "percent", 0.0)],
)
def test_odd_cars_tell_their_state_of_charge_oddly(quirk: Quirk, unit: str, value: float, clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage(quirks=frozenset({quirk}))
        stage.let_in()
        stage.cars["smartcar"].plug_in(clouds.car(), stage.now)
        async with stage.client("smartcar") as client:
            told = signals(await client.get(STATE["smartcar"]))["tractionbattery-stateofcharge"]
        assert (told["value"], told.get("unit")) == (value, unit)

    clouds.run(story())


def test_a_clock_that_is_ahead_tells_of_the_future(clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage(quirks=frozenset({Quirk.CLOCK_AHEAD}))
        stage.let_in()
        stage.cars["enode"].plug_in(clouds.car(), stage.now)
        async with stage.client("enode") as client:
            told = (await client.get(STATE["enode"])).json()["chargeState"]["lastUpdated"]
        assert datetime.fromisoformat(told) - stage.now > timedelta(minutes=5)

    clouds.run(story())


@pytest.mark.parametrize(("name", "status"), [("smartcar", 502), ("enode", 503), ("tesla", 503)])
def test_in_a_bad_spell_everything_fails_and_then_nothing_does(name: str, status: int, clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage(faults=CloudFaults(spell_every_s=3600.0, spell_s=600.0))
        stage.let_in()
        async with stage.client(name) as client:
            codes = []
            for _ in range(24 * 12):
                stage.later(minutes=5)
                stage.cars[name].wake(stage.now)
                codes.append((await client.get(STATE[name])).status_code)
        assert set(codes) == {200, status}
        # spells of ten minutes every 70: a seventh of the time, give or take what a day of chance gives
        assert 0.05 < codes.count(status) / len(codes) < 0.3

    clouds.run(story())


def test_half_of_the_cars_that_did_not_answer_had_heard(clouds: Any) -> None:
    async def story() -> None:
        stage = clouds.stage(faults=CloudFaults(no_answer_share=1.0), limits={"smartcar": CloudLimits()})
        stage.let_in()
        heard = 0
        async with stage.client("smartcar") as client:
            for _ in range(60):
                stage.cars["smartcar"].plug_in(clouds.car(), stage.now)
                assert (await client.post(STOP["smartcar"][0])).status_code == 502
                heard += stage.cars["smartcar"].look(stage.now).power_kw == 0
        assert 15 < heard < 45

    clouds.run(story())
