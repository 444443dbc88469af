"""Adapters and virtual clouds were written apart, each from the public references: here they have to understand each
other, and what the adapter says of a car has to be what the car is like."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from evenload.domain.vehicle_state import Act, ActKind, ActReason, ActStatus, CarId, PlugState, Provider, VehicleState
from evenload.simulate.clouds.car import Drawing
from evenload.simulate.clouds.faults import CloudFaults, CloudLimits, Quirk
from evenload.simulate.clouds.makers import addresses
from evenload.telematics.clouds import CLOUDS
from evenload.telematics.port import (
    ActTold,
    Application,
    ConsentLost,
    Failing,
    Fault,
    Home,
    Host,
    Link,
    Request,
    Response,
    StateTold,
    Tokens,
)

pytestmark = pytest.mark.requirement("R80", "R90", "R91")

SHAPES = tuple(CLOUDS)
PLUG = {
    Drawing.UNPLUGGED: PlugState.UNPLUGGED, Drawing.CHARGING: PlugState.CHARGING, Drawing.COMPLETE: PlugState.COMPLETE,
    Drawing.STOPPED: PlugState.WAITING, Drawing.WAITS_FOR_TIMER: PlugState.WAITING,
}  # fmt: skip


class Caller:
    """Our side of one cloud: what an adapter asks for is asked over HTTP, and it reads the answers."""

    def __init__(self, stage: Any, provider: Provider, tools: Any) -> None:
        self.stage, self.provider, self.cloud = stage, provider, CLOUDS[provider]
        hosts = {Host(name): url for name, url in addresses("http://cloud", provider.value).items()}
        self.app = Application(tools.client_id, tools.client_secret, "http://us/back", tools.secret, addresses=hosts)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=stage.makers.app))
        self.car = stage.cars[provider.value]
        self.virtual = stage.makers.all[provider.value]
        self.driver = f"user-{provider.value}"
        self.user = "u-1" if provider is not Provider.TESLA else self.driver
        self.tokens = Tokens("", stage.now)
        self.link = Link(CarId("t", "c"), provider, self.car.spec.remote_id, self.user, battery_kwh=60.0,
                         range_km_full=400.0, home=Home(*self.car.spec.home))  # fmt: skip

    async def ask(self, request: Request | None) -> Response:
        assert request is not None
        url = self.cloud.address(self.app, request.host) + request.path
        came = await self.http.request(
            request.method, url, params=dict(request.query), headers=dict(request.headers), content=request.body
        )
        return Response(came.status_code, dict(came.headers), came.content)

    async def let_in(self) -> None:
        """The driver consents, as the shape has it, and we get tokens."""
        if (request := self.cloud.app_token_request(self.app)) is not None and self.provider is not Provider.TESLA:
            self._take(await self.ask(request))
        url = self.cloud.consent_url(self.app, "s", self.user)
        if not url:
            asked = self.cloud.consent_request(self.app, self.tokens, "s", self.user)
            given = self.cloud.parse_consent(await self.ask(asked), self.stage.now)
            assert isinstance(given, str), given
            url = given
        # the driver goes there and signs in with the maker's account
        sent = await self.http.get(url, params={**dict(parse_qsl(urlsplit(url).query)), "login": self.driver})
        told = dict(parse_qsl(urlsplit(sent.headers["location"]).query))
        assert told["state"] == "s"
        if (request := self.cloud.code_request(self.app, told.get("code", ""))) is not None:
            self._take(await self.ask(request))

    def _take(self, response: Response) -> None:
        tokens = self.cloud.parse_tokens(response, self.stage.now)
        assert isinstance(tokens, Tokens), tokens
        self.tokens = tokens

    async def state(self) -> VehicleState | Fault:
        response = await self.ask(self.cloud.state_request(self.app, self.tokens, self.link))
        return self.cloud.parse_state(self.link, response, self.stage.now)

    async def act(self, kind: ActKind, value: float | None = None) -> Any:
        now = self.stage.now
        act = Act("a1", self.link.car, kind, now, now + timedelta(minutes=5), value)
        response = await self.ask(self.cloud.act_request(self.app, self.tokens, self.link, act))
        outcome = self.cloud.parse_act(act, response, self.stage.now)
        if outcome.status is not ActStatus.SENT:
            return outcome
        await self.stage.makers.enode.settle()
        asked = self.cloud.act_status_request(self.app, self.tokens, self.link, outcome.remote_act_id)
        return self.cloud.parse_act(act, await self.ask(asked), self.stage.now)


Play = Callable[[Caller], Awaitable[None]]


def played(play: Play, provider: Provider, clouds: Any, **stage: Any) -> None:
    async def story() -> None:
        caller = Caller(clouds.stage(**stage), provider, clouds)
        await caller.let_in()
        await play(caller)

    clouds.run(story())


@pytest.mark.parametrize("provider", SHAPES)
def test_the_cars_of_a_driver_are_found(provider: Provider, clouds: Any) -> None:
    async def play(us: Caller) -> None:
        (found,) = us.cloud.parse_cars(await us.ask(us.cloud.cars_request(us.app, us.tokens, us.user)), us.stage.now)  # type: ignore[misc]
        assert found.remote_id == us.car.spec.remote_id
        assert found.capabilities.can_start_stop
        if provider is not Provider.SMARTCAR:
            assert (found.vin, found.capabilities.can_set_amps) == (us.car.spec.vin, True)

    played(play, provider, clouds)


@pytest.mark.parametrize("provider", SHAPES)
@pytest.mark.parametrize("drawing", PLUG)
def test_what_is_told_of_a_car_is_what_it_is_like(provider: Provider, drawing: Drawing, clouds: Any) -> None:
    async def play(us: Caller) -> None:
        stage, car = us.stage, us.car
        timer_at = stage.now + timedelta(hours=3) if drawing is Drawing.WAITS_FOR_TIMER else None
        if drawing is not Drawing.UNPLUGGED:
            soc = 0.895 if drawing is Drawing.COMPLETE else 0.3
            car.plug_in(clouds.car(soc=soc), stage.now, timer_at=timer_at)
        stage.later(minutes=40 if timer_at is None else 10)
        if drawing is Drawing.STOPPED:
            car.stop(stage.now)
        car.wake(stage.now)
        true = car.look(stage.now)
        assert true.drawing is drawing
        state = await us.state()
        assert isinstance(state, VehicleState), state
        assert state.plug is PLUG[drawing]
        assert state.soc == pytest.approx(true.soc, abs=0.011)
        assert state.is_home is True
        assert abs(state.at - stage.now) < timedelta(seconds=1)
        if drawing is not Drawing.UNPLUGGED:
            assert state.charge_limit_soc == pytest.approx(0.9)
            assert state.power_kw == pytest.approx(true.power_kw, abs=0.05)
        if state.energy_kwh_added is not None:
            assert state.energy_kwh_added == pytest.approx(true.energy_kwh_added, abs=0.01)
        if provider is Provider.TESLA and timer_at is not None:
            assert state.timer_start == timer_at

    played(play, provider, clouds)


@pytest.mark.parametrize("provider", SHAPES)
def test_stops_and_starts_are_carried_out_and_confirmed(provider: Provider, clouds: Any) -> None:
    async def play(us: Caller) -> None:
        us.car.plug_in(clouds.car(), us.stage.now)
        assert (await us.act(ActKind.STOP)).status is ActStatus.CONFIRMED
        assert us.car.look(us.stage.now).power_kw == 0
        assert (await us.act(ActKind.START)).status is ActStatus.CONFIRMED
        assert us.car.look(us.stage.now).power_kw > 7
        again = await us.act(ActKind.START)
        assert again.status is ActStatus.CONFIRMED

    played(play, provider, clouds)


@pytest.mark.parametrize("provider", SHAPES)
def test_a_full_car_that_is_to_charge_is_no_failure(provider: Provider, clouds: Any) -> None:
    async def play(us: Caller) -> None:
        us.car.plug_in(clouds.car(soc=0.9), us.stage.now)
        outcome = await us.act(ActKind.START)
        assert (outcome.status, outcome.reason) == (ActStatus.CONFIRMED, ActReason.UNNECESSARY)

    played(play, provider, clouds)


@pytest.mark.parametrize("provider", [Provider.ENODE, Provider.TESLA])
def test_amps_are_set(provider: Provider, clouds: Any) -> None:
    async def play(us: Caller) -> None:
        us.car.plug_in(clouds.car(), us.stage.now)
        assert (await us.act(ActKind.SET_AMPS, 10.0)).status is ActStatus.CONFIRMED
        assert us.car.look(us.stage.now).power_kw == pytest.approx(2.3)

    played(play, provider, clouds)


@pytest.mark.parametrize("provider", [Provider.SMARTCAR, Provider.TESLA])
def test_a_limit_is_set(provider: Provider, clouds: Any) -> None:
    async def play(us: Caller) -> None:
        us.car.plug_in(clouds.car(), us.stage.now)
        assert (await us.act(ActKind.SET_CHARGE_LIMIT, 0.6)).status is ActStatus.CONFIRMED
        assert us.car.look(us.stage.later(hours=24)).soc == pytest.approx(0.6)

    played(play, provider, clouds)


@pytest.mark.parametrize("provider", SHAPES)
def test_a_car_without_a_plug_says_so(provider: Provider, clouds: Any) -> None:
    async def play(us: Caller) -> None:
        us.car.wake(us.stage.now)
        outcome = await us.act(ActKind.START)
        assert outcome.status is ActStatus.FAILED
        assert outcome.reason in (ActReason.NOT_PLUGGED, ActReason.PRECONDITION)

    played(play, provider, clouds)


def test_a_sleeping_tesla_is_asleep_to_us_and_wakes_for_a_command(clouds: Any) -> None:
    async def play(us: Caller) -> None:
        us.car.plug_in(clouds.car(), us.stage.now)
        us.car.stop(us.stage.now)
        us.stage.later(hours=1)
        state = await us.state()
        assert isinstance(state, Fault)
        assert state.failing is Failing.ASLEEP
        refused = await us.act(ActKind.START)
        assert (refused.reason, refused.needs_wake) == (ActReason.ASLEEP, True)
        assert (await us.act(ActKind.WAKE)).status is ActStatus.CONFIRMED
        assert (await us.act(ActKind.START)).status is ActStatus.CONFIRMED

    played(play, Provider.TESLA, clouds)


# tokens, consent, quotas, failures


@pytest.mark.parametrize("provider", SHAPES)
def test_tokens_that_are_void_are_renewed(provider: Provider, clouds: Any) -> None:
    async def play(us: Caller) -> None:
        us.car.plug_in(clouds.car(), us.stage.now)
        us.virtual.core.accounts.void_access_tokens()
        state = await us.state()
        assert isinstance(state, Fault)
        assert state.failing is Failing.UNAUTHORISED
        request = us.cloud.refresh_request(us.app, us.tokens) or us.cloud.app_token_request(us.app)
        us._take(await us.ask(request))
        assert isinstance(await us.state(), VehicleState)

    played(play, provider, clouds)


@pytest.mark.parametrize("provider", SHAPES)
def test_consent_that_is_withdrawn_stops_polling(provider: Provider, clouds: Any) -> None:
    async def play(us: Caller) -> None:
        us.virtual.core.accounts.withdraw(us.user)
        fault = await us.state()
        assert isinstance(fault, Fault)
        if provider is Provider.TESLA:  # its token is void: that consent is gone is told when it is to be renewed
            renewed = us.cloud.parse_tokens(await us.ask(us.cloud.refresh_request(us.app, us.tokens)), us.stage.now)
            assert isinstance(renewed, Fault)
            fault = renewed
        assert fault.failing.stops_polling, fault

    played(play, provider, clouds)


@pytest.mark.parametrize("provider", [Provider.SMARTCAR, Provider.ENODE])
def test_our_access_is_given_back(provider: Provider, clouds: Any) -> None:
    async def play(us: Caller) -> None:
        response = await us.ask(us.cloud.revoke_request(us.app, us.tokens, us.link))
        assert response.status == 204
        assert us.user not in us.virtual.core.accounts.consents

    played(play, provider, clouds)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_quota_says_when_to_come_back(share: float, clouds: Any) -> None:
    async def play(us: Caller) -> None:
        us.car.plug_in(clouds.car(), us.stage.now)
        while isinstance(fault := await us.state(), VehicleState):
            pass
        assert (fault.failing, fault.retry_at is not None) == (Failing.RATE_LIMITED, True)
        assert fault.retry_at is not None
        us.stage.now = fault.retry_at
        assert isinstance(await us.state(), VehicleState)

    limits = {"smartcar": CloudLimits(4, 2 / 60)}
    played(play, Provider.SMARTCAR, clouds, faults=CloudFaults(date_share=share), limits=limits)


@pytest.mark.parametrize("provider", SHAPES)
def test_a_cloud_that_is_down_is_upstream(provider: Provider, clouds: Any) -> None:
    async def play(us: Caller) -> None:
        us.virtual.core.is_down = True
        fault = await us.state()
        assert isinstance(fault, Fault)
        assert (fault.failing, fault.failing.is_passing) == (Failing.UPSTREAM, True)

    played(play, provider, clouds)


# webhooks


async def told_by_webhook(us: Caller) -> list[Any]:
    found: list[Any] = []
    for push in await us.stage.beat():
        if push.url.endswith(us.provider.value):
            webhook = us.cloud.parse_webhook(push.headers, push.body, us.app, us.stage.now)
            assert webhook.refusal is None, webhook
            found += webhook.told
    return found


@pytest.mark.parametrize("provider", SHAPES)
def test_a_webhook_tells_the_state(provider: Provider, clouds: Any) -> None:
    async def play(us: Caller) -> None:
        response = await us.ask(us.cloud.subscribe_request(us.app, us.tokens, us.link, "hook"))
        assert 200 <= response.status < 300
        await us.stage.beat()
        us.car.plug_in(clouds.car(), us.stage.now)
        (told,) = [one for one in await told_by_webhook(us) if isinstance(one, StateTold)]
        assert told.remote_id == us.link.remote_id
        state = us.cloud.parse_told(us.link, told, us.stage.now)
        assert isinstance(state, VehicleState), state
        assert state.plug is PlugState.CHARGING
        assert state.soc is None or state.soc == pytest.approx(0.3, abs=0.011)

    played(play, provider, clouds)


def test_enode_tells_what_became_of_an_action_and_that_consent_is_gone(clouds: Any) -> None:
    async def play(us: Caller) -> None:
        us.car.plug_in(clouds.car(), us.stage.now)
        await us.act(ActKind.STOP)
        (told,) = [one for one in await told_by_webhook(us) if isinstance(one, ActTold)]
        assert told.outcome.status is ActStatus.CONFIRMED
        us.virtual.withdraw(us.user)
        lost = [one for one in await told_by_webhook(us) if isinstance(one, ConsentLost)]
        assert [one.user_id for one in lost] == [us.user]

    played(play, Provider.ENODE, clouds)


@pytest.mark.parametrize("provider", SHAPES)
def test_a_webhook_that_somebody_else_signed_is_refused(provider: Provider, clouds: Any) -> None:
    async def play(us: Caller) -> None:
        await us.ask(us.cloud.subscribe_request(us.app, us.tokens, us.link, "hook"))
        await us.stage.beat()
        us.stage.makers.hook({provider.value: "http://hook/x"}, "another secret")
        us.car.plug_in(clouds.car(), us.stage.now)
        pushes = await us.stage.beat()
        assert pushes
        refused = [us.cloud.parse_webhook(one.headers, one.body, us.app, us.stage.now) for one in pushes]
        assert all(one.refusal and not one.told for one in refused)

    played(play, provider, clouds)


# oddities


@pytest.mark.parametrize("quirk", [Quirk.IMPERIAL, Quirk.FRACTION, Quirk.ENERGY_ONLY, Quirk.NULLS, Quirk.CLOCK_AHEAD])
def test_odd_ways_of_telling_end_in_the_same_state_of_charge(quirk: Quirk, clouds: Any) -> None:
    async def play(us: Caller) -> None:
        us.car.plug_in(clouds.car(), us.stage.now)
        state = await us.state()
        assert isinstance(state, VehicleState)
        assert state.soc == pytest.approx(0.3, abs=0.011)
        assert state.at <= us.stage.now + timedelta(minutes=2)

    played(play, Provider.SMARTCAR, clouds, quirks=frozenset({quirk}))
