"""What can be asked and said of one driver."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from evenload.client import driver_resources as r
from evenload.client.transport import Transport

T = TypeVar("T")


class DriverClient:
    """One driver's resources: ``evenload.driver("ann").why()``."""

    def __init__(self, transport: Transport, driver_id: str) -> None:
        self._transport = transport
        self._path = f"/v1/drivers/{driver_id}"

    def get(self) -> r.Driver:
        """The driver."""
        return self._transport.send("GET", self._path, r.Driver)

    def put(self, driver: r.Driver) -> r.Driver:
        """Add or replace the driver."""
        told = msgspec.structs.asdict(driver)
        body = {name: value for name, value in told.items() if name not in ("driver_id", "made_at")}
        return self._transport.send("PUT", self._path, r.Driver, body=body)

    def remove(self) -> None:
        """Forget the driver."""
        self._transport.send("DELETE", self._path, type(None))

    # what the driver wishes for and chooses

    def wishes(self, *, past: bool = False) -> list[r.Wish]:
        """What is wished for, by vehicle."""
        return self._items("wishes", r.Wish, past=past)

    def wish(self, wish: r.Wish) -> r.Wish:
        """Wish for something from now on."""
        told = msgspec.structs.asdict(wish)
        body = {name: value for name, value in told.items() if name not in ("made_at", "made_by", "ended_at")}
        return self._transport.send("PUT", f"{self._path}/wishes", r.Wish, body=body)

    def undo_wish(self, vehicle_id: str = "") -> r.Wish:
        """Wish again for what was wished for before."""
        return self._transport.send("POST", f"{self._path}/wishes/undo", r.Wish, body={"vehicle_id": vehicle_id})

    def choices(self, count: int = 100) -> list[r.Choice]:
        """What was chosen, the latest first."""
        return self._items("choices", r.Choice, count=count)

    def skip(self, *, vehicle_id: str = "", reason: str = "") -> r.Choice:
        """Charge no more than the minimum this night."""
        return self._choose("skip", vehicle_id=vehicle_id, reason=reason)

    def boost(self, *, vehicle_id: str = "", reason: str = "") -> r.Choice:
        """Let the car that is plugged in go first."""
        return self._choose("boost", vehicle_id=vehicle_id, reason=reason)

    def opt_out(
        self, *, event_id: str = "", start: datetime | None = None, end: datetime | None = None, vehicle_id: str = "",
        reason: str = "",
    ) -> r.Choice:  # fmt: skip
        """Take no part: in an event, a window, or with neither in the stay that goes on."""
        return self._choose(
            "opt-outs", event_id=event_id, start=start, end=end, vehicle_id=vehicle_id, reason=reason
        )  # fmt: skip

    def vacation(
        self, end: datetime, start: datetime | None = None, *, vehicle_id: str = "", reason: str = ""
    ) -> r.Choice:
        """Be away until ``end``."""
        return self._choose("vacation", start=start, end=end, vehicle_id=vehicle_id, reason=reason)

    def undo(self, choice_id: str) -> r.Choice:
        """Take a choice back."""
        return self._transport.send("DELETE", f"{self._path}/choices/{choice_id}", r.Choice)

    # what the driver is told

    def why(self, vehicle_id: str = "") -> list[r.Reason]:
        """Why each vehicle is charging or not."""
        return self._items("why", r.Reason, vehicle_id=vehicle_id)

    def forecast(self, vehicle_id: str = "") -> list[r.Promise]:
        """What each vehicle that is plugged in will have when it leaves."""
        return self._items("forecast", r.Promise, vehicle_id=vehicle_id)

    def quote(self, vehicle_id: str = "") -> r.Quote:
        """What a boost or an opt-out would cost now."""
        return self._transport.send("GET", f"{self._path}/quote", r.Quote, query={"vehicle_id": vehicle_id})

    def history(
        self, start: datetime | None = None, end: datetime | None = None, *, by: str = "session", vehicle_id: str = ""
    ) -> r.HistoryOfDriver:
        """What was charged in a window, by session, day or month."""
        query = {"start": start, "end": end, "by": by, "vehicle_id": vehicle_id}
        return self._transport.send("GET", f"{self._path}/history", r.HistoryOfDriver, query=query)

    def suggestions(self) -> list[r.Suggestion]:
        """What departures suggest."""
        return self._items("suggestions", r.Suggestion)

    def answer(self, suggestion_id: str, *, accept: bool) -> r.Suggestion:
        """Take a suggestion over as a wish, or dismiss it."""
        path = f"{self._path}/suggestions/{suggestion_id}/{'accept' if accept else 'dismiss'}"
        return self._transport.send("POST", path, r.Suggestion)

    # links

    def links(self) -> Iterator[r.DriverLink]:
        """Links there are, by id."""
        return self._transport.pages(f"{self._path}/links", r.DriverLink)

    def add_link(self, days: float = 30.0) -> str:
        """Make a link; its text, which is answered this once."""
        return str(self._transport.send("POST", f"{self._path}/links", dict[str, Any], body={"days": days})["text"])

    def revoke_link(self, link_id: str) -> r.DriverLink:
        """Take a link back."""
        return self._transport.send("DELETE", f"{self._path}/links/{link_id}", r.DriverLink)

    def _items(self, what: str, kind: type[T], **query: object) -> list[T]:
        told = self._transport.send("GET", f"{self._path}/{what}", dict[str, Any], query=query)
        return msgspec.convert(told["items"], list[kind])  # type: ignore[valid-type]

    def _choose(self, what: str, **body: object) -> r.Choice:
        return self._transport.send("POST", f"{self._path}/{what}", r.Choice, body=body)
