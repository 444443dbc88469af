"""What a virtual station does for its drivers and its CSMS: transactions, profiles, commands. Protocol-free."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from evenload.base.instants import Interval
from evenload.ocpp.composite import Purpose, Step, Unit
from evenload.ocpp.wire import Wire
from evenload.simulate.station_car import Car, Outlet
from evenload.simulate.station_outbox import Outbox
from evenload.simulate.station_power import Power
from evenload.simulate.station_profiles import Held
from evenload.simulate.station_settings import password_key, settings_of, unknown_offline_key
from evenload.simulate.station_spec import StationSpec
from evenload.simulate.station_speech import Charge, Moment, Speech
from evenload.simulate.station_tokens import LocalList

Awaited = tuple[str, int | None, Held | None]
"""Who will charge when a car comes: the token, the number of the remote start, and the profile that goes with it."""


class Duties:
    """The transactions of a station and what it can be asked. ``wall`` is the station's own clock."""

    def __init__(self, spec: StationSpec, speech: Speech, outbox: Outbox, wall: Callable[[], datetime]) -> None:
        self.spec = spec
        self.settings = settings_of(spec)
        self.password: bytes | None = None
        self.power = Power(spec)
        self.inoperative: set[int] = set()
        self.triggered: list[tuple[str, int]] = []
        self.to_say: list[Wire] = []
        self.local_list = LocalList()
        self.restarts = False
        self.wall = wall
        self._speech = speech
        self._outbox = outbox
        self._charges: dict[int, Charge] = {}
        self._awaited: dict[int, Awaited] = {}
        self._begun = 0

    @property
    def outlets(self) -> dict[int, Outlet]:
        """The outlets by number."""
        return self.power.outlets

    @property
    def held(self) -> Sequence[Held]:
        """The profiles it holds, of whoever."""
        return self.power.shelf.held

    @property
    def is_busy(self) -> bool:
        """Whether a transaction goes on."""
        return bool(self._charges)

    def began(self) -> dict[int, datetime | None]:
        """Every EVSE and when its transaction began."""
        charges = self._charges
        return {one: charges[one].started_at if one in charges else None for one in self.outlets}

    def offer(self) -> None:
        """Offer what the profiles allow now."""
        self.power.offer(self.wall(), self.began())

    # what a CSMS may ask (``Obedient``)

    def change_setting(self, name: str, value: str) -> bool:
        """Take another value of a setting, if there is one of that name; a password holds from the next connection."""
        if name == password_key(self.spec):
            self.password = value.encode()
            return True
        if name in self.settings:
            self.settings[name] = value
        return name in self.settings

    def charge_at(self, evse_id: int) -> Charge | None:
        """The transaction at an EVSE."""
        return self._charges.get(evse_id)

    def charge_of(self, transaction_id: str) -> Charge | None:
        """The transaction of that id, the station's own or the CSMS's."""
        known = (one for one in self._charges.values() if transaction_id in (one.local_id, str(one.number)))
        return next(known, None)

    def hold(self, held: Held) -> bool:
        """Take a profile; one for a transaction only while that goes on (K01.FR.09)."""
        profile = held.profile
        known = profile.evse_id == 0 or profile.evse_id in self.outlets
        if not known or profile.stack_level > self.spec.stack_level_max:
            return False
        charge = self._charges.get(profile.evse_id)
        if profile.purpose is Purpose.TX and (charge is None or not _is_for(held, charge)):
            return False
        self.power.shelf.put(held)
        self.offer()
        return True

    def clear(
        self, profile_id: int | None, evse_id: int | None, purpose: Purpose | None, stack_level: int | None
    ) -> bool:
        """Forget profiles."""
        found = self.power.shelf.clear(profile_id, evse_id, purpose, stack_level)
        self.offer()
        return found

    def composite(self, evse_id: int, duration_s: float, unit: Unit) -> Sequence[Step]:
        """What is in force from now on."""
        start = self.wall()
        window = Interval(start, start + timedelta(seconds=max(1.0, duration_s)))
        return self.power.steps(evse_id, window, unit, self.began())

    def start_remotely(self, evse_id: int, token: str, remote_start_id: int | None, held: Held | None) -> bool:
        """Start where a car waits; where none does yet, start when it comes."""
        outlet = self.outlets.get(evse_id)
        if outlet is None or evse_id in self._charges or evse_id in self.inoperative:
            return False
        if outlet.car is None:
            self._awaited[evse_id] = (token, remote_start_id, held)
        else:
            self.begin(evse_id, token, remote_start_id, held)
        return True

    def stop_remotely(self, charge: Charge) -> bool:
        """Stop a transaction; the car stays."""
        self.end(charge.evse_id, "Remote")
        return True

    def reset(self, *, at_once: bool) -> bool:
        """Restart once the answer has left; not at once only where nothing charges."""
        self.restarts = at_once or not self._charges
        return self.restarts

    def trigger(self, message: str, evse_id: int) -> bool:
        """Send a message of that kind."""
        self.triggered.append((message, evse_id))
        known = ("BootNotification", "Heartbeat", "StatusNotification", "MeterValues", "TransactionEvent")
        return message in known

    def serve(self, evse_ids: Iterable[int], *, operative: bool) -> None:
        """Take EVSEs in or out of service; a transaction may go on to its end."""
        (self.inoperative.difference_update if operative else self.inoperative.update)(evse_ids)

    # transactions

    def arrived(self, evse_id: int, car: Car) -> bool:
        """A car was plugged in; whether a transaction began at once."""
        self.outlets[evse_id].car = car
        awaited = self._awaited.pop(evse_id, None)
        if awaited:
            self.begin(evse_id, *awaited)
        return awaited is not None

    def trusts(self, token: str) -> bool:
        """Whether a token may charge while nobody can be asked: as the local list says, else as it is set."""
        listed = self.local_list.accepts(token, self.wall())
        return self.settings[unknown_offline_key(self.spec)] == "true" if listed is None else listed

    def left(self, evse_id: int) -> Car | None:
        """The car was unplugged."""
        self.end(evse_id, "EVDisconnected")
        outlet = self.outlets[evse_id]
        car, outlet.car, outlet.is_over = outlet.car, None, False
        return car

    def begin(self, evse_id: int, token: str, remote_start_id: int | None = None, held: Held | None = None) -> None:
        """A transaction begins."""
        outlet = self.outlets[evse_id]
        self._begun += 1
        at = self.wall()
        local_id = f"{self.spec.identity[:18]}-{int(at.timestamp())}-{self._begun}"
        charge = Charge(evse_id, local_id, token, at, outlet.register_kwh, remote_start_id)
        self._charges[evse_id] = charge
        outlet.is_on, outlet.is_over = True, False
        if held is not None:
            self.power.shelf.put(held)
        self.offer()
        moment = self._moment(charge)
        self._outbox.owe(charge, lambda: self._speech.started(charge, moment), lambda said: self._noted(charge, said))

    def sample(self, evse_ids: Iterable[int]) -> None:
        """Read the meters of transactions."""
        for charge in [self._charges[one] for one in evse_ids if one in self._charges]:
            self._owe_sample(charge, self._moment(charge))

    def _owe_sample(self, charge: Charge, moment: Moment) -> None:
        self._outbox.owe(charge, lambda: self._speech.sampled(charge, moment), lambda said: self._noted(charge, said))

    def end(self, evse_id: int, reason: str) -> None:
        """The transaction at an EVSE ends, if there is one."""
        charge = self._charges.get(evse_id)
        if charge is not None:
            moment = self._moment(charge)
            self._outbox.owe(charge, lambda: self._speech.ended(charge, moment, reason), lambda _: None)
            self._over(evse_id)

    def lose(self, evse_id: int) -> None:
        """The transaction at an EVSE is forgotten without a word."""
        if charge := self._charges.get(evse_id):
            self._outbox.forget(charge)
            self._over(evse_id)

    def _noted(self, charge: Charge, response: Wire) -> None:
        if not self._speech.noted(charge, response) and self._charges.get(charge.evse_id) is charge:
            self.end(charge.evse_id, "DeAuthorized")

    def _over(self, evse_id: int) -> None:
        del self._charges[evse_id]
        self.outlets[evse_id].is_on, self.outlets[evse_id].is_over = False, True
        self.power.shelf.ended(evse_id)
        self.offer()

    def _moment(self, charge: Charge) -> Moment:
        outlet = self.outlets[charge.evse_id]
        offline = self._outbox.connection is None
        samples = self.power.samples(charge.evse_id)
        return Moment(self.wall(), samples, outlet.flow, offline, charge.next_sequence(), outlet.register_kwh)


def _is_for(held: Held, charge: Charge) -> bool:
    return held.transaction_id in ("", charge.local_id, str(charge.number))
