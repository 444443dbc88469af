"""The catalogue: programs of utilities, makers of chargers and networks, as they were in 2021; records.

Amounts are exact decimals in US dollars. A blank is what the source does not say: None, never a default.
"""

from dataclasses import dataclass
from decimal import Decimal

from evenload.base.errors import InputError, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogProgram:
    """A program of a utility, field by field as the table prints it; the printed wording and how sure a reading is stay
    beside it."""

    id: str
    utility: str
    state: tuple[str, ...]
    utility_type: str
    program_name: str
    archetype: str
    incentives: tuple[str, ...]
    partners: tuple[str, ...]
    segment: tuple[str, ...]
    key_terms: str
    enrol_bonus_usd: Decimal | None
    rebate_usd_max: Decimal | None
    per_event_usd: Decimal | None
    per_month_usd: Decimal | None
    per_year_usd: Decimal | None
    off_peak_hours: str
    on_peak_hours: str
    rate_on_peak_usd_per_kwh: Decimal | None
    rate_off_peak_usd_per_kwh: Decimal | None
    participants: int | None
    participants_cap: int | None
    participants_note: str
    rebate_basis: str
    per_event_usd_min: Decimal | None
    per_season_usd: Decimal | None
    per_kwh_credit_usd: Decimal | None
    completion_bonus_usd: Decimal | None
    subscription_usd_per_month: tuple[Decimal, ...]
    assets: str
    event_window: str
    opt_out: str
    conditions: str
    status_dates: str
    incentives_printed: str
    state_basis: str
    utility_type_basis: str
    segment_basis: str
    mapping_confidence: str
    source_line: int | None
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogMaker:
    """A maker of chargers."""

    id: str
    manufacturer: str
    levels: tuple[str, ...]
    v2g: bool | None
    energy_star: bool | None
    products: str
    platforms: tuple[str, ...]
    protocols: tuple[str, ...]
    network_interfaces: tuple[str, ...]
    managed_charging_capable: bool | None
    levels_confidence: str
    v2g_basis: str
    protocols_printed: str
    max_power_kw: Decimal | None
    connectors: tuple[str, ...]
    source_line: int | None
    notes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogNetwork:
    """A network service provider."""

    id: str
    provider: str
    platform: str
    protocols: tuple[str, ...]
    network_interfaces: tuple[str, ...]
    managed_charging_capable: bool | None
    service_type: str
    service_type_basis: str
    protocols_printed: str
    source_line: int | None
    notes: str


CatalogRecord = CatalogProgram | CatalogMaker | CatalogNetwork


@dataclass(frozen=True, slots=True)
class Catalog:
    """All records; ids start with P (programs), E (makers) or N (networks)."""

    programs: tuple[CatalogProgram, ...]
    makers: tuple[CatalogMaker, ...]
    networks: tuple[CatalogNetwork, ...]

    def record(self, record_id: str) -> CatalogRecord:
        """The record of an id, in any case; ``InputError`` with the nearest for one that is not there."""
        records: tuple[CatalogRecord, ...] = (*self.programs, *self.makers, *self.networks)
        known = {record.id: record for record in records}
        found = known.get(record_id.upper())
        if found is None:
            near = did_you_mean(record_id, known)
            raise InputError(
                f"the catalogue has no {record_id!r}.{near} It has P01 to {self.programs[-1].id}, E01 to "
                f"{self.makers[-1].id} and N01 to {self.networks[-1].id}"
            )
        return found

    def program(self, record_id: str) -> CatalogProgram:
        """The program of an id; ``InputError`` where it is none."""
        found = self.record(record_id)
        if not isinstance(found, CatalogProgram):
            raise InputError(f"{found.id} is no program; programs are P01 to {self.programs[-1].id}")
        return found
