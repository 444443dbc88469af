"""A look at linked cars and their clouds for the doctor: asks each cloud for a token, and nothing else."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Final

import httpx

from evenload.app.cars.clouds import CloudAccess, clouds_of, public_url_of
from evenload.app.settings import Settings
from evenload.base.errors import InputError
from evenload.domain.vehicle_state import Provider
from evenload.service.car_rows import CarDeskRow, ConsentState
from evenload.service.ports import Store
from evenload.telematics.budget import QUOTAS
from evenload.telematics.clouds import CLOUDS
from evenload.telematics.memory import DeskMemory
from evenload.telematics.port import Cost, Failing, Fault, Host, Response

_ANSWER_S: Final = 5.0
_OLD: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked at: ``is_good`` is ``None`` where it is good enough. ``advice`` says what to do."""

    name: str
    is_good: bool | None
    text: str
    advice: str = ""


def of_clouds(settings: Settings, clock: Callable[[], datetime]) -> Iterator[Seen]:
    """Whether each cloud that is set up answers, knows us, and can be believed."""
    for provider, access in clouds_of(settings, public_url_of(settings)).items():
        yield _cloud(provider, access, clock())
        if not access.application.webhook_secret:
            yield Seen(
                f"cars {provider.value}", None, "without a webhook secret what it tells by itself is not believed",
                f"Set cars_{provider.value}_webhook_secret: news come at once then, and quotas last longer.",
            )  # fmt: skip


def of_cars(store: Store, tenants: tuple[str, ...], now: datetime) -> Iterator[Seen]:
    """How old what cars told is, whose accounts do not let us in, and what quotas are left."""
    with store.reading() as unit:
        for tenant in tenants:
            rows = [one for one in unit.cars.links(tenant) if one.consent(now) is ConsentState.GRANTED]
            if not rows:
                continue
            states = {one.vehicle_id: one for one in unit.cars.states(tenant)}
            providers = {one.vehicle_id: one.provider for one in rows}
            told = sorted((states[name].age(now) for name in providers if name in states), reverse=True)
            yield _ages(tenant, len(rows), told)
            faults = [one for one in unit.cars.accounts(tenant) if one.fault]
            if faults:
                yield Seen("cars", False, f"{tenant}: {len(faults)} accounts do not let us in: {faults[0].fault}",
                           "Link those cars again: evenload cars link.")  # fmt: skip
            yield from _left(tenant, unit.cars.desks(tenant), providers, now)


def _cloud(provider: Provider, access: CloudAccess, now: datetime) -> Seen:
    name, cloud, application = f"cars {provider.value}", CLOUDS[provider], access.application
    request = cloud.app_token_request(application)
    address = cloud.address(application, Host.AUTH)
    try:
        answer = (
            httpx.get(address, timeout=_ANSWER_S) if request is None
            else httpx.request(request.method, address + request.path, params=dict(request.query),
                               headers=dict(request.headers), content=request.body, timeout=_ANSWER_S)
        )  # fmt: skip
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return Seen(name, False, f"{address} does not answer: {error}", "Let this machine reach it.")
    if request is None:
        return Seen(name, True, f"{address} answers")
    found = cloud.parse_tokens(Response(answer.status_code, dict(answer.headers), answer.content), now)
    if isinstance(found, Fault):
        is_ours = found.failing in (Failing.REFUSED, Failing.REVOKED)
        advice = "Correct our id and secret there." if is_ours else "Try again later."
        return Seen(name, False, f"{address} gives no token: {found.sentence}", advice)
    return Seen(name, True, f"{address} answers and knows this server")


def _ages(tenant: str, count: int, told: list[timedelta]) -> Seen:
    text = f"{tenant}: {count} linked, {len(told)} have told something"
    if not told:
        return Seen("cars", None, text, "They are read within minutes once `evenload serve` runs.")
    oldest, middle = told[0] / timedelta(minutes=1), told[len(told) // 2] / timedelta(minutes=1)
    text += f"; half of that is younger than {middle:.0f} min, the oldest {oldest:.0f} min old"
    if told[len(told) // 2] > _OLD:
        return Seen("cars", None, text, "Is `evenload serve` running, and are their clouds reached?")
    return Seen("cars", True, text)


def _left(
    tenant: str, desks: Sequence[CarDeskRow], providers: Mapping[str, Provider], now: datetime
) -> Iterator[Seen]:  # fmt: skip
    least, whose = inf, ""
    for row in desks:
        provider = providers.get(row.vehicle_id)
        if provider is None or provider not in QUOTAS:
            continue
        try:
            memory = DeskMemory.decoded(row.body.encode())
        except InputError:
            continue
        left = memory.commands.left(QUOTAS[provider].car(Cost.COMMAND), now)
        if left < least:
            least, whose = left, row.vehicle_id
    if whose:
        text = f"{tenant}: by its quota each may be told something {least:.0f} times more now, or more often ({whose})"
        is_left = least >= 1
        advice = "" if is_left else "It is told nothing until its quota fills again."
        yield Seen("cars", True if is_left else None, text, advice)
