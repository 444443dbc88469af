"""Linking cars: a driver is sent to a cloud, comes back, and the car is linked; and what must not be."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from evenload.base.errors import InputError
from evenload.domain.session import Control
from evenload.domain.vehicle_state import Provider
from evenload.service.access_rows import Role
from evenload.service.car_rows import ConsentState
from evenload.service.cars import links, states
from evenload.service.cars.links import CloudError
from evenload.service.live_rows import SiteRow, VehicleRow
from evenload.service.refusals import ConflictError, ForbiddenError, NotFoundError
from evenload.telematics.port import Home

CLOUDS = (Provider.SMARTCAR, Provider.ENODE, Provider.TESLA)


@pytest.mark.requirement("R80", "R91")
@pytest.mark.parametrize("provider", CLOUDS)
def test_a_linked_car_is_a_vehicle_a_device_and_a_station(played: Any, provider: Provider) -> None:
    async def story(bench: Any) -> None:
        car = await bench.link(provider, "leaf", can_set_amps=provider is not Provider.SMARTCAR)
        with bench.store.reading() as unit:
            link = unit.cars.link("home", "leaf")
            device = unit.devices.find("home", "car:leaf")
            station = unit.stations.find(link.car.station)
            assert link.consent(bench.now) is ConsentState.GRANTED
            assert (device.site_id, device.identity, device.evse_id) == ("house", "car:leaf", 1)
            stepped = provider is not Provider.SMARTCAR
            assert device.control is (Control.STEPPED if stepped else Control.ON_OFF)
            assert device.commands_max
            assert device.fallback_kw == device.power_kw_max  # a car keeps no fallback: it may draw all it can
            assert station.approved
            assert not station.connected
            assert unit.vehicles.find("home", "leaf") is not None
            assert [one.source for one in unit.cars.sources("home", "leaf")] == [provider.value]
        place = bench.door.vault.open_place(link.sealed)
        assert place.remote_id == car.spec.remote_id
        assert place.home == Home(52.37, 4.9)
        assert bench.changed == ["home"]

    played(story)


@pytest.mark.parametrize("provider", CLOUDS)
def test_nothing_that_is_kept_or_audited_gives_secrets_or_places_away(played: Any, provider: Provider) -> None:
    async def story(bench: Any) -> None:
        car = await bench.link(provider, "leaf", vin="5YJ3E1EA7KF317000")
        with bench.store.reading() as unit:
            kept = [
                *unit.cars.links("home"), *unit.cars.accounts("home"), *unit.cars.sources("home", "leaf"),
                *unit.audit.last("home", 99), *unit.devices.of("home"), *unit.vehicles.of("home"),
            ]  # fmt: skip
        text = " ".join(json.dumps([str(getattr(row, name)) for name in row.__slots__]) for row in kept)
        tokens = [*bench.makers.all[provider.value].core.accounts._access]
        assert tokens
        for secret in (*tokens, car.spec.vin, "52.37", *bench.makers.all[provider.value].core.accounts._refresh):
            assert secret not in text

    played(story)


def test_a_state_is_good_once_for_its_cloud_and_for_a_day(played: Any) -> None:
    async def story(bench: Any) -> None:
        bench.car(Provider.TESLA, "ann")
        asked = await bench.linking.begin(bench.scope(), Provider.TESLA, "leaf", "house")
        told = await bench.visit(asked.url, "ann")
        with pytest.raises(ConflictError, match="was not asked for here"):
            await bench.linking.finish(Provider.SMARTCAR, told)
        with pytest.raises(ConflictError, match="was not asked for here"):
            await bench.linking.finish(Provider.TESLA, {**told, "state": "guessed"})
        await bench.linking.finish(Provider.TESLA, told)
        with pytest.raises(ConflictError, match="was used already"):
            await bench.linking.finish(Provider.TESLA, told)
        late = await bench.linking.begin(bench.scope(), Provider.TESLA, "leaf", "house")
        bench.later(hours=25)
        with pytest.raises(ConflictError, match="was asked for on 2026-01-13: begin to link the car anew"):
            await bench.linking.finish(Provider.TESLA, await bench.visit(late.url, "ann"))

    played(story)


def test_a_driver_who_does_not_consent(played: Any) -> None:
    async def story(bench: Any) -> None:
        asked = await bench.linking.begin(bench.scope(), Provider.TESLA, "leaf", "house")
        told = await bench.visit(asked.url, "ann")
        with pytest.raises(ConflictError, match="did not consent at tesla: access_denied"):
            await bench.linking.finish(Provider.TESLA, {"state": told["state"], "error": "access_denied"})
        again = await bench.linking.begin(bench.scope(), Provider.TESLA, "leaf", "house")
        told = await bench.visit(again.url, "ann")
        with pytest.raises(CloudError, match="tesla does not let us in"):
            await bench.linking.finish(Provider.TESLA, {**told, "code": "made-up"})

    played(story)


def test_what_cannot_be_begun(played: Any) -> None:
    async def story(bench: Any) -> None:
        begin = bench.linking.begin
        with pytest.raises(ForbiddenError):
            await begin(bench.scope(Role.VIEWER), Provider.TESLA, "leaf", "house")
        with pytest.raises(NotFoundError, match=r"there is no site 'hose'\. Did you mean 'house'"):
            await begin(bench.scope(), Provider.TESLA, "leaf", "hose")
        with pytest.raises(InputError, match="has 1 to 44 letters"):
            await begin(bench.scope(), Provider.TESLA, "a b", "house")
        with pytest.raises(InputError, match="import-logger"):
            await begin(bench.scope(), Provider.OBD, "leaf", "house")
        del bench.access[Provider.ENODE]
        with pytest.raises(InputError, match="enode is not set up on this server: set cars_enode_client_id"):
            await begin(bench.scope(), Provider.ENODE, "leaf", "house")
        bench.makers.smartcar.core.is_down = True
        asked = await begin(bench.scope(), Provider.SMARTCAR, "leaf", "house")  # nothing has to be asked for that
        assert asked.expires_at == bench.now + timedelta(days=1)

    played(story)


@pytest.mark.requirement("R138")
def test_one_car_of_two_accounts_is_refused_and_as_the_same_vehicle_changes_its_source(played: Any) -> None:
    async def story(bench: Any) -> None:
        await bench.link(Provider.TESLA, "leaf", vin="5YJ3E1EA7KF317000")
        words = "linked already, as vehicle 'leaf' by tesla. To change where its data comes from, link it as 'leaf'"
        with pytest.raises(ConflictError, match=words):
            await bench.link(Provider.ENODE, "second", name="e1", vin="5yj3e1ea7kf317000")
        with bench.store.reading() as unit:
            assert unit.cars.link("home", "second") is None
            assert unit.devices.find("home", "car:second") is None
        bench.later(hours=1)
        await bench.link(Provider.ENODE, "leaf", name="e2", vin="5yj3e1ea7kf317000")
        with bench.store.reading() as unit:
            assert unit.cars.link("home", "leaf").provider is Provider.ENODE
            assert [one.provider for one in unit.cars.accounts("home")] == [Provider.ENODE]
            history = unit.cars.sources("home", "leaf")
        assert [one.source for one in history] == ["tesla", "enode"]
        assert history[0].ended_at == history[1].began_at == bench.now

    played(story)


def test_one_car_is_found_out_also_where_smartcar_has_it(played: Any) -> None:
    async def story(bench: Any) -> None:
        await bench.link(Provider.SMARTCAR, "leaf", vin="5YJ3E1EA7KF317000")
        assert links.link(bench.scope(), bench.store, "leaf").model == "Rivulet One 2025"
        with pytest.raises(ConflictError, match="linked already, as vehicle 'leaf' by smartcar"):
            await bench.link(Provider.ENODE, "second", name="e1", vin="5yj3e1ea7kf317000")

    played(story)


def test_a_car_of_another_tenant_is_refused_without_saying_whose(played: Any) -> None:
    async def story(bench: Any) -> None:
        await bench.link(Provider.TESLA, "leaf", vin="5YJ3E1EA7KF317000")
        with bench.store.writing() as unit:
            unit.sites.put([SiteRow("depot", "yard")])
        asked = await bench.linking.begin(bench.scope(tenant="depot"), Provider.TESLA, "x", "yard")
        with pytest.raises(ConflictError, match="linked in another program of this server") as raised:
            await bench.linking.finish(Provider.TESLA, await bench.visit(asked.url, "ann"))
        assert "leaf" not in str(raised.value)
        assert "home" not in str(raised.value)

    played(story)


def test_all_cars_that_a_driver_consented_to_are_linked_and_again_under_the_same_names(played: Any) -> None:
    async def story(bench: Any) -> None:
        bench.car(Provider.TESLA, "ann", name="t1")
        await bench.link(Provider.TESLA, "leaf", name="t2")
        with bench.store.reading() as unit:
            first = {one.vehicle_id: one.external_hash for one in unit.cars.links("home")}
            assert set(first) == {"leaf", "leaf-2"}
            assert len(unit.cars.accounts("home")) == 1
        asked = await bench.linking.begin(bench.scope(), Provider.TESLA, "leaf", "house")
        await bench.linking.finish(Provider.TESLA, await bench.visit(asked.url, "ann"))
        with bench.store.reading() as unit:
            assert {one.vehicle_id: one.external_hash for one in unit.cars.links("home")} == first

    played(story)


@pytest.mark.parametrize("provider", CLOUDS)
def test_revoking_forgets_tokens_and_states_and_tells_the_cloud(played: Any, provider: Provider) -> None:
    async def story(bench: Any) -> None:
        await bench.link(provider, "leaf")
        await bench.linking.revoke(bench.scope(), "leaf", "moved away")
        with bench.store.reading() as unit:
            link = unit.cars.link("home", "leaf")
            assert (link.consent(bench.now), link.revoked_why, link.sealed) == (ConsentState.REVOKED, "moved away", "")
            assert unit.cars.accounts("home") == []
            assert unit.devices.of("home") == []
            assert not unit.stations.find(link.car.station).approved
            assert [one.source for one in unit.cars.sources("home", "leaf")] == [provider.value, "charger"]
            assert unit.cars.links_live("home") == []
        assert any(method == "DELETE" for method, _ in bench.asked)
        again = await bench.linking.revoke(bench.scope(), "leaf")  # changes nothing
        assert again.revoked_why == "moved away"
        await bench.link(provider, "leaf", name="again")  # and it may come back
        status = states.status(bench.scope(), bench.store, "leaf", bench.now)
        assert status.consent is ConsentState.GRANTED

    played(story)


def test_a_cloud_that_is_away_does_not_hinder_revoking(played: Any) -> None:
    async def story(bench: Any) -> None:
        await bench.link(Provider.TESLA, "leaf")
        bench.makers.tesla.core.is_down = True
        await bench.linking.revoke(bench.scope(), "leaf")
        assert links.link(bench.scope(), bench.store, "leaf").revoked_at is not None

    played(story)


@pytest.mark.requirement("R138")
def test_a_vehicle_known_by_its_charger_keeps_that_in_its_history(played: Any) -> None:
    async def story(bench: Any) -> None:
        since = bench.now - timedelta(days=30)
        with bench.store.writing() as unit:
            unit.vehicles.put([VehicleRow("home", "leaf", "Leaf", "card7", made_at=since)])
        await bench.link(Provider.ENODE, "leaf")
        with bench.store.reading() as unit:
            history = unit.cars.sources("home", "leaf")
            row = unit.vehicles.find("home", "leaf")
        assert [(one.source, one.began_at, one.ended_at) for one in history] == [
            ("charger", since, bench.now), ("enode", bench.now, None),
        ]  # fmt: skip
        assert (row.name, row.token) == ("Leaf", "card7")

    played(story)


def test_another_secret_opens_nothing_and_says_so(played: Any) -> None:
    async def story(bench: Any) -> None:
        await bench.link(Provider.TESLA, "leaf")
        account = links.link(bench.scope(), bench.store, "leaf").account
        bench.secret = b"x" * 32
        bench.open()
        found = await bench.door.tokens(bench.door.account_of(Provider.TESLA, "home", account))
        assert "sealed with another secret" in found.sentence
        status = states.status(bench.scope(), bench.store, "leaf", bench.now)
        assert "sealed with another secret" in status.fault

    played(story)


def test_withdrawn_consent_ends_a_link_in_the_name_of_the_cloud(played: Any) -> None:
    async def story(bench: Any) -> None:
        await bench.link(Provider.ENODE, "leaf")
        assert links.withdrawn(bench.store, "home", "leaf", bench.now, "credentials invalidated") is not None
        assert links.withdrawn(bench.store, "home", "leaf", bench.now, "again") is None
        row = links.link(bench.scope(), bench.store, "leaf")
        assert row.consent(bench.now) is ConsentState.WITHDRAWN
        assert replace(row, revoked_at=None, expires_at=bench.now).consent(bench.now) is ConsentState.EXPIRED
        with bench.store.reading() as unit:
            last = unit.audit.last("home", 1)[0]
        assert (last.actor, last.action) == ("cloud:enode", "cars.withdrawn")

    played(story)
