"""`evenload cars links`, `state`, `acts` and `source`: what is known of linked cars."""

from collections.abc import Sequence
from typing import Annotated

import typer

from evenload.base.errors import InputError
from evenload.cli.cars_words import (
    AsJson,
    Tenant,
    VehicleId,
    VehicleIdOrNone,
    among,
    operator,
    shown_act,
    shown_age,
    shown_link,
    shown_share,
    shown_state,
    tell_json,
)
from evenload.cli.ocpp_words import (
    EVENLOAD_DB,
    Count,
    Database,
    known_tenant,
    now,
    opened,
    show_table,
    shown_instant,
    shown_number,
)
from evenload.cli.terminal import output
from evenload.domain.vehicle_state import ActStatus
from evenload.service.car_rows import CarActRow, CarStateRow
from evenload.service.cars import acts, links, sources, states
from evenload.service.cars.states import CarStatus

_NO_LINKS = "No cars are linked yet. To link one:  evenload cars link VEHICLE --cloud smartcar --site SITE"


def list_links(as_json: AsJson = False, database: Database = EVENLOAD_DB, tenant: Tenant = "home") -> None:
    """List linked cars: by which cloud, whether their drivers consent, and how old their last state is.

    Example:  evenload cars links
    """
    instant = now()
    with opened(database) as store:
        rows = links.links(operator(tenant), store)
        if not rows:
            known_tenant(store, tenant)
        told = {one.vehicle_id: one for one in states.states(operator(tenant), store)}
    if as_json:
        tell_json(*(shown_link(row, instant) for row in rows))
        return
    table = [
        (row.vehicle_id, row.provider.value, row.model or "-", row.site_id, row.consent(instant).value,
         shown_instant(row.granted_at), shown_instant(row.revoked_at), row.revoked_why or "-",
         shown_age(told[row.vehicle_id].age(instant)) if row.vehicle_id in told else "-")
        for row in rows
    ]  # fmt: skip
    columns = ("vehicle", "cloud", "model", "site", "consent", "granted", "ended", "why", "state's age")
    show_table(columns, table, _NO_LINKS)


def state(
    vehicle: VehicleIdOrNone = "",
    as_json: AsJson = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Show what cars told last, and how old that is; of one car all that is known.

    Example:  evenload cars state ann-leaf
    """
    instant = now()
    with opened(database) as store, among(store, tenant):
        if not vehicle:
            rows = states.states(operator(tenant), store)
            if not rows:
                known_tenant(store, tenant)
            _show_states(rows, as_json=as_json)
            return
        found = states.status(operator(tenant), store, vehicle, instant)
    if as_json:
        kept = found.state
        tell_json(
            shown_link(found.link, instant) | {"connected": found.connected, "fault": found.fault}
            | {"state": None if kept is None else shown_state(kept, instant)}
        )  # fmt: skip
        return
    _show_status(found)


def _show_states(rows: Sequence[CarStateRow], *, as_json: bool) -> None:
    instant = now()
    if as_json:
        tell_json(*(shown_state(row, instant) for row in rows))
        return
    table = [
        (row.vehicle_id, row.plug.value, shown_share(row.soc), shown_number(row.power_kw),
         _place(row), shown_instant(row.at), shown_age(row.age(instant)))
        for row in rows
    ]  # fmt: skip
    columns = ("vehicle", "plug", "soc", "kW", "place", "measured", "age")
    show_table(columns, table, "No car has told anything yet.")


def _show_status(found: CarStatus) -> None:
    link, instant = found.link, now()
    output.print(
        f"{link.vehicle_id} by {link.provider.value} at {link.site_id}: {found.consent.sentence}.", markup=False
    )
    if link.revoked_why:
        output.print(f"  ended {shown_instant(link.revoked_at)}: {link.revoked_why}", markup=False)
    if found.fault:
        output.print(f"  its cloud does not let us in: {found.fault}", markup=False)
    if found.state is None:
        output.print("  it has told nothing yet", markup=False)
    else:
        _show_state(found.state)
        reach = "can be told something now" if found.connected else "is out of reach"
        output.print(f"  the car {reach}", markup=False)
    for act in found.acts:
        output.print(f"  {_act_line(act)}", markup=False)
    for source_row in found.sources:
        until = shown_instant(source_row.ended_at) if source_row.ended_at else "now"
        output.print(
            f"  known by {source_row.source} from {shown_instant(source_row.began_at)} to {until}", markup=False
        )
    if not found.acts and link.revoked_at is None:
        output.print(f"  nothing was asked of it up to {shown_instant(instant)}", markup=False)


def _show_state(row: CarStateRow) -> None:
    place = "" if row.is_home is None else f", {_place(row)}"
    full = "" if row.soc is None else f", {shown_share(row.soc)} full ({row.soc_basis.value})"
    power = "" if row.power_kw is None else f", {row.power_kw:.1f} kW"
    age = shown_age(row.age(now()))
    output.print(f"  {row.plug.value}{full}{power}{place}; measured {age} ago", markup=False)
    if row.is_overridden:
        output.print("  the driver took charging in hand in the maker's app", markup=False)
    for problem in row.problems:
        output.print(f"  odd: {problem}", markup=False)


def _place(row: CarStateRow) -> str:
    return "-" if row.is_home is None else "at home" if row.is_home else "away"


def _act_line(row: CarActRow) -> str:
    value = "" if row.value is None else f" {row.value:g}"
    why = f": {row.reason.sentence}" if row.reason is not None else ""
    info = f" ({row.info})" if row.info else ""
    return f"{shown_instant(row.made_at)} {row.kind.value}{value} {row.status.value}{why}{info}"


def list_acts(
    vehicle: VehicleIdOrNone = "",
    event: Annotated[str, typer.Option(help="Those made for a limit or event, by its id, and their account.")] = "",
    count: Count = 20,
    as_json: AsJson = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """List what cars were asked, the latest first; of an event every car, and how many did it.

    Example:  evenload cars acts --event peak-1
    """
    if vehicle and event:
        raise InputError("say a vehicle or --event, not both")
    who = operator(tenant)
    with opened(database) as store, among(store, tenant):
        account = acts.account_of_event(who, store, event) if event else None
        if event:
            rows = acts.acts_of_event(who, store, event)
        elif vehicle:
            rows = acts.acts_of_car(who, store, vehicle, count)
        else:
            rows = acts.acts_last(who, store, count)
            if not rows:
                known_tenant(store, tenant)
    if as_json:
        tell_json(*(shown_act(row) for row in rows))
        return
    table = [
        (row.vehicle_id, row.kind.value, shown_number(row.value, 1), row.status.value, shown_instant(row.made_at),
         shown_instant(row.ended_at), str(row.tries), row.reason.sentence if row.reason else "-", row.info or "-")
        for row in rows
    ]  # fmt: skip
    columns = ("vehicle", "act", "value", "status", "made", "ended", "tries", "why", "the cloud says")
    show_table(columns, table, "Nothing was asked of any car yet.")
    if account is not None:
        counted = ", ".join(f"{account.counts[one]} {one.value}" for one in ActStatus if account.counts[one])
        output.print(f"{account.total} acts for {event}: {counted}.", markup=False)


def source(
    vehicle: VehicleId,
    to: Annotated[str, typer.Option(help="From now on it comes from there: a cloud, obd or charger.")] = "",
    why: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    as_json: AsJson = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Show where what is known of a vehicle came from over time; with --to it comes from elsewhere from now on.

    Example:  evenload cars source ann-leaf --to obd --why "the logger is in the car now"
    """
    with opened(database) as store, among(store, tenant):
        if to:
            sources.change_source(operator(tenant), store, vehicle, to, now(), why)
        rows = sources.sources(operator(tenant), store, vehicle)
    if as_json:
        tell_json(*({"source": row.source, "began_at": row.began_at, "ended_at": row.ended_at, "why": row.why}
                    for row in rows))  # fmt: skip
        return
    table = [(row.source, shown_instant(row.began_at), shown_instant(row.ended_at), row.why or "-") for row in rows]
    show_table(("source", "from", "to", "why"), table, f"Nothing is on record of where {vehicle} is known from.")
