"""Tokens and what is sealed: renewed once however many ask, kept before use, read by nobody else."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from evenload.app.cars import tokens as tokens_module
from evenload.app.cars.vault import Place, Vault
from evenload.base.errors import InputError
from evenload.domain.vehicle_state import ActReason, ActStatus, Provider
from evenload.service.cars import accounts, links
from evenload.service.ports import StoreError
from evenload.telematics.clouds import CLOUDS
from evenload.telematics.port import Fault, Home, Response, Tokens


@pytest.mark.parametrize("provider", [Provider.SMARTCAR, Provider.ENODE, Provider.TESLA])
def test_many_that_are_refused_at_once_renew_once(played: Any, provider: Provider) -> None:
    async def story(bench: Any) -> None:
        await bench.link(provider, "leaf")
        row = links.link(bench.scope(), bench.store, "leaf")
        account = bench.door.account_of(provider, "home", row.account)
        cloud, app = CLOUDS[provider], bench.access[provider].application
        before = bench.door.renewals
        bench.makers.all[provider.value].core.accounts.void_access_tokens()
        ask = lambda tokens: cloud.cars_request(app, tokens, row.account)  # noqa: E731
        answers = await asyncio.gather(*(bench.door.call(account, ask) for _ in range(30)))
        assert all(isinstance(one, Response) and one.status == 200 for one in answers)
        assert bench.door.renewals == before + 1

    played(story)


def test_a_renewed_token_is_on_the_disk_for_the_next_server(played: Any) -> None:
    async def story(bench: Any) -> None:
        await bench.link(Provider.TESLA, "leaf")
        account = bench.door.account_of(Provider.TESLA, "home", links.link(bench.scope(), bench.store, "leaf").account)
        bench.later(hours=9)
        renewed = await bench.door.tokens(account)
        bench.open()
        assert await bench.door.tokens(account) == renewed  # refresh tokens work once: the old one would fail

    played(story)


def test_renewed_tokens_are_kept_however_long_the_store_is_away(played: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(bench: Any) -> None:
        await bench.link(Provider.TESLA, "leaf")
        account = bench.door.account_of(Provider.TESLA, "home", links.link(bench.scope(), bench.store, "leaf").account)
        bench.later(hours=9)
        kept, refusals = accounts.renewed, [1, 2]

        def refuses(*args: Any) -> bool:
            if refusals:
                refusals.pop()
                raise StoreError("the disk is full")
            return kept(*args)

        monkeypatch.setattr(accounts, "renewed", refuses)
        monkeypatch.setattr(tokens_module, "_STORE_AGAIN_S", 0.01)
        renewed = await bench.door.tokens(account)
        bench.open()
        assert await bench.door.tokens(account) == renewed

    played(story)


def test_a_server_that_ends_waits_for_the_renewal_under_way(played: Any) -> None:
    async def story(bench: Any) -> None:
        await bench.link(Provider.TESLA, "leaf")
        account = bench.door.account_of(Provider.TESLA, "home", links.link(bench.scope(), bench.store, "leaf").account)
        bench.later(hours=9)
        asking = asyncio.get_running_loop().create_task(bench.door.tokens(account))
        await asyncio.sleep(0)
        asking.cancel()
        await bench.door.close()
        bench.open()
        assert isinstance(await bench.door.tokens(account), Tokens)
        assert bench.door.renewals == 1, "which opened what the last one kept"

    played(story)


def test_an_account_that_cannot_be_renewed_fails_its_acts_with_the_reason_and_is_not_asked_again_and_again(
    played: Any,
) -> None:
    async def story(bench: Any) -> None:
        car = await bench.link(Provider.SMARTCAR, "leaf")
        car.plug_in(bench.empty_car(), bench.now)
        bench.later(minutes=2)
        await bench.beat(2)
        there = bench.makers.smartcar.core.accounts
        there.void_access_tokens()
        there.client_secret = "changed"  # noqa: S105 - at the cloud, and not here
        tokens = sum(path.endswith("/token") for _, path in bench.asked)
        task = asyncio.get_running_loop().create_task(
            bench.worker.carry_out(links.link(bench.scope(), bench.store, "leaf").car.station, bench.order(0.0))
        )
        for _ in range(24):
            await asyncio.sleep(0.01)
            await bench.beat(apart_s=30)
        settled = await asyncio.wait_for(task, 5)
        assert not settled.settlement.good
        (act, *_) = bench.acts()
        assert act.status in (ActStatus.FAILED, ActStatus.GIVEN_UP)
        assert act.reason in (ActReason.REFUSED, ActReason.UNAUTHORISED)
        assert "invalid_client" in f"{act.info} {settled.info}"
        assert sum(path.endswith("/token") for _, path in bench.asked) - tokens <= 26

    played(story)


def test_what_is_sealed_opens_with_the_same_secret_only() -> None:
    vault, other = Vault(b"s" * 32), Vault(b"t" * 32)
    place = Place("5YJ3E1EA7KF317000", "c", Home(52.37, 4.9, 80.0), 320.0)
    sealed = vault.seal_place(place)
    assert "5YJ3" not in sealed
    assert Vault(b"s" * 32).open_place(sealed) == place
    with pytest.raises(InputError, match="sealed with another secret"):
        other.open_place(sealed)
    with pytest.raises(InputError, match="sealed with another secret"):
        vault.open_place(sealed[:-4] + "AAAA")
    assert vault.open_home(vault.seal_home(None)) is None
    assert vault.open_home(vault.seal_home(place.home)) == place.home


def test_hashes_tell_cars_apart_and_not_what_they_are() -> None:
    vault, other = Vault(b"s" * 32), Vault(b"t" * 32)
    vin = "5YJ3E1EA7KF317000"
    assert vault.hash_of_vin(vin) == vault.hash_of_vin(f" {vin.lower()} ")
    assert vault.hash_of_vin(vin) != other.hash_of_vin(vin)
    assert vault.hash_of_vin("") == ""
    assert vault.hash_of_remote(Provider.TESLA, "1") != vault.hash_of_remote(Provider.ENODE, "1")


def test_nothing_secret_is_shown_where_things_are_printed(played: Any) -> None:
    async def story(bench: Any) -> None:
        await bench.link(Provider.TESLA, "leaf")
        with bench.store.reading() as unit:
            shown = repr([*unit.cars.links("home"), *unit.cars.accounts("home"), bench.access, bench.door.vault])
            sealed = [unit.cars.link("home", "leaf").sealed, unit.cars.accounts("home")[0].tokens_sealed]
        tokens = Tokens("secret-a", bench.now + timedelta(hours=1), "secret-r")
        assert not any(one in shown + repr(tokens) for one in (*sealed, "secret-a", "secret-r", "hook-secret"))
        assert json.dumps(shown)

    played(story)


def test_a_cloud_that_is_not_set_up_any_more_leaves_its_cars_alone(played: Any) -> None:
    async def story(bench: Any) -> None:
        await bench.link(Provider.TESLA, "leaf")
        bench.open()
        del bench.access[Provider.TESLA]
        await bench.beat(2)
        assert bench.fleet.cars == {}
        ended = await bench.linking.revoke(bench.scope(), "leaf")
        assert ended.revoked_at is not None
        assert not isinstance(ended, Fault)

    played(story)
