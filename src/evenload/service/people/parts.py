"""What is kept of a person, part by part: how each is exported, and what of it goes when the person is erased.

Whoever keeps something more of people adds a part here; a test holds the parts to the ports of a unit.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from evenload.base.instants import Interval
from evenload.domain.station import Token
from evenload.service.access_rows import Role
from evenload.service.cable_rows import PairRow
from evenload.service.consents import end_all
from evenload.service.live_rows import SessionRow, VehicleRow
from evenload.service.people_rows import MessageStatus, WhyNot
from evenload.service.ports import Unit

EVER: Final = Interval(datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
_CHOICES_MAX: Final = 100_000
Rows = Iterable[Any]


@dataclass(frozen=True, slots=True)
class Part:
    """``read`` finds rows of a tenant and person; ``forget`` takes away, in the same unit, what says who it was.

    Without ``forget`` nothing of it does: it is accounting by pseudonym, and stays.
    """

    name: str
    read: Callable[[Unit, str, str], Rows]
    forget: Callable[[Unit, str, str, datetime], None] | None = None


def exported(unit: Unit, tenant: str, person_id: str) -> dict[str, list[dict[str, Any]]]:
    """All parts of a person, as they are told."""
    return {part.name: [told(row) for row in part.read(unit, tenant, person_id)] for part in PARTS}


def told(row: Any) -> dict[str, Any]:  # noqa: ANN401 - any row
    """A row as it is told: without what is secret, instants as text."""
    shown = {one.name: getattr(row, one.name) for one in fields(row) if one.repr and one.name not in _NOT_TOLD}
    plain: dict[str, Any] = msgspec.to_builtins(shown, builtin_types=(), enc_hook=str)
    return plain


_NOT_TOLD: Final = frozenset(
    {"tenant", "number", "secret_hash", "password_hash", "sealed", "external_hash", "vin_hash"}
)


def vehicles_of(unit: Unit, tenant: str, person_id: str) -> Sequence[str]:
    """The vehicles a person drives."""
    driver = unit.drivers.find(tenant, person_id)
    return driver.vehicles if driver else ()


# what drivers said and were told


def _drivers(unit: Unit, tenant: str, person_id: str) -> Rows:
    row = unit.drivers.find(tenant, person_id)
    return [row] if row else []


def _forget_driver(unit: Unit, tenant: str, person_id: str, _now: datetime) -> None:
    row = unit.drivers.find(tenant, person_id)
    if row is not None and row.user_id:
        unit.drivers.put([replace(row, user_id="")])


def _accounts(unit: Unit, tenant: str, person_id: str) -> Rows:
    driver = unit.drivers.find(tenant, person_id)
    row = unit.users.find(tenant, driver.user_id) if driver and driver.user_id else None
    return [row] if row else []


def _forget_account(unit: Unit, tenant: str, person_id: str, now: datetime) -> None:
    """A driver's own account; somebody who works here keeps theirs."""
    for row in _accounts(unit, tenant, person_id):
        if row.role is Role.DRIVER:
            blank = {"email": "", "name": "", "password_hash": "", "issuer": "", "subject": ""}
            unit.users.put([replace(row, **blank, disabled_at=row.disabled_at or now)])


def _forget_messages(unit: Unit, tenant: str, person_id: str, now: datetime) -> None:
    for row in unit.messages.of_person(tenant, person_id):
        kept = replace(row, fields="{}")
        if row.status in (MessageStatus.QUEUED, MessageStatus.SENDING):
            kept = replace(
                kept, status=MessageStatus.SUPPRESSED, why=WhyNot.ERASED, info="the person was erased", settled_at=now
            )
        unit.messages.put([kept])


def _end_consents(unit: Unit, tenant: str, person_id: str, now: datetime) -> None:
    end_all(unit, tenant, person_id, now)


# their cars


def _vehicles(unit: Unit, tenant: str, person_id: str) -> list[VehicleRow]:
    found = (unit.vehicles.find(tenant, one) for one in vehicles_of(unit, tenant, person_id))
    return [row for row in found if row is not None]


def _forget_vehicles(unit: Unit, tenant: str, person_id: str, _now: datetime) -> None:
    rows = _vehicles(unit, tenant, person_id)
    unit.vehicles.put([replace(row, name="", token="") for row in rows])


def _links(unit: Unit, tenant: str, person_id: str) -> Rows:
    found = (unit.cars.link(tenant, one) for one in vehicles_of(unit, tenant, person_id))
    return [row for row in found if row is not None]


def _forget_links(unit: Unit, tenant: str, person_id: str, now: datetime) -> None:
    """Links were ended before, with the tokens of their accounts; what the account was called goes now."""
    rows = _links(unit, tenant, person_id)
    unit.cars.put_links([replace(row, account="", sealed="", revoked_at=row.revoked_at or now) for row in rows])


def _sources(unit: Unit, tenant: str, person_id: str) -> Rows:
    return [row for one in vehicles_of(unit, tenant, person_id) for row in unit.cars.sources(tenant, one)]


def _forget_sources(unit: Unit, tenant: str, person_id: str, _now: datetime) -> None:
    unit.cars.put_sources([replace(row, account="") for row in _sources(unit, tenant, person_id)])


def _states(unit: Unit, tenant: str, person_id: str) -> Rows:
    return unit.cars.states(tenant, vehicles_of(unit, tenant, person_id))


def _forget_states(unit: Unit, tenant: str, person_id: str, _now: datetime) -> None:
    for one in vehicles_of(unit, tenant, person_id):
        unit.cars.forget(tenant, one)


def _stays(unit: Unit, tenant: str, person_id: str) -> Rows:
    return unit.cables.stays(tenant, vehicles_of(unit, tenant, person_id))


def _pairs(unit: Unit, tenant: str, person_id: str) -> Sequence[PairRow]:
    return unit.cables.pairs_of_vehicles(tenant, vehicles_of(unit, tenant, person_id), EVER)


def _conflicts(unit: Unit, tenant: str, person_id: str) -> Rows:
    names = vehicles_of(unit, tenant, person_id)
    whose = {one.session_id for one in _sessions(unit, tenant, person_id)}
    whose |= {one.session_id for one in _pairs(unit, tenant, person_id)}
    return [row for row in unit.cables.conflicts(tenant, whose) if row.vehicle_id in names]


def _forget_cables(unit: Unit, tenant: str, person_id: str, _now: datetime) -> None:
    """When a car stood where, and what was wrong with it, is nobody's business any more; sessions keep the energy."""
    unit.cables.forget(tenant, vehicles_of(unit, tenant, person_id))


# what they charged


def _sessions(unit: Unit, tenant: str, person_id: str) -> Sequence[SessionRow]:
    return unit.sessions.of_vehicles(tenant, vehicles_of(unit, tenant, person_id), EVER)


def _promises(unit: Unit, tenant: str, person_id: str) -> Rows:
    return [one for row in _sessions(unit, tenant, person_id) for one in unit.promises.of(tenant, row.session_id)]


def _forget_tokens(unit: Unit, tenant: str, person_id: str, _now: datetime) -> None:
    """Sessions and transactions stay, with their energy; the card they were begun with is dropped."""
    sessions = _sessions(unit, tenant, person_id)
    tokens = [one.token for one in sessions] + [one.token for one in _vehicles(unit, tenant, person_id)]
    cards = {Token(one).key for one in tokens if one}
    unit.sessions.put([replace(row, token="") for row in sessions if row.token])
    devices = (unit.devices.find(tenant, one) for one in {row.device_id for row in sessions})
    stations = {one.station for one in devices if one is not None}
    for rows in unit.transactions.at_stations(stations, EVER.start).values():
        unit.transactions.put([replace(one, token=None) for one in rows if one.token and one.token.key in cards])


PARTS: Final = (
    Part("consents", lambda unit, *who: unit.consents.of_person(*who), _end_consents),
    Part("messages", lambda unit, *who: unit.messages.of_person(*who), _forget_messages),
    Part(
        "survey_invitations", lambda unit, tenant, one: unit.surveys.invitations(tenant, person_id=one),
        lambda unit, tenant, one, _now: unit.surveys.forget_invitations(tenant, one),
    ),
    Part(
        "wishes", lambda unit, *who: unit.wishes.of(*who, past=True),
        lambda unit, tenant, one, _now: unit.wishes.forget(tenant, one),
    ),
    Part("choices", lambda unit, *who: unit.wishes.choices(*who, count=_CHOICES_MAX)),
    Part("answers_to_suggestions", lambda unit, *who: unit.wishes.answers(*who)),
    Part(
        "driver_links", lambda unit, *who: unit.driver_links.of(*who),
        lambda unit, tenant, one, _now: unit.driver_links.forget(tenant, one),
    ),
    Part(
        "promises", _promises, lambda unit, tenant, one, _now: unit.promises.forget(tenant, one),
    ),
    Part("sessions", _sessions, _forget_tokens),
    Part("vehicles", _vehicles, _forget_vehicles),
    Part("car_links", _links, _forget_links),
    Part("car_states", _states, _forget_states),
    Part("car_stays", _stays, _forget_cables),
    Part("cars_at_chargers", _pairs, _forget_cables),
    Part("car_conflicts", _conflicts, _forget_cables),
    Part("car_sources", _sources, _forget_sources),
    Part("accounts", _accounts, _forget_account),
    Part("drivers", _drivers, _forget_driver),
)  # fmt: skip
"""In the order in which they are forgotten: the driver, by whom others are found, last."""
