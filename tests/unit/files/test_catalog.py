"""The packaged catalogue: every record loads, every number of the table is found again, and documents invent none."""

import csv
import re
from dataclasses import asdict
from decimal import Decimal
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from evenload.base.errors import InputError
from evenload.files.catalog import document_text, packaged_catalog
from evenload.files.program_file import program_of_text, program_text
from evenload.program.catalog import CatalogProgram
from evenload.program.catalog_queries import makers_with, networks_with, programs_with, states_of
from evenload.program.document import ProgramDocument
from evenload.program.missing import missing_terms
from evenload.program.words import Archetype, Segment

PACKAGED = Path(str(resources.files("evenload.files") / "data" / "catalog"))
SHARED = Path(__file__).resolve().parents[4] / "shared" / "catalog"
TABLES = ("programs.csv", "evse_manufacturers.csv", "network_service_providers.csv")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
AMOUNT_COLUMNS = (
    "enrol_bonus_usd", "rebate_usd_max", "per_event_usd", "per_month_usd", "per_year_usd", "rate_on_peak_usd_per_kwh",
    "rate_off_peak_usd_per_kwh", "participants_cap", "per_event_usd_min", "per_season_usd", "per_kwh_credit_usd",
    "completion_bonus_usd",
)  # fmt: skip
PROGRAMS = packaged_catalog().programs
RUNNABLE = tuple(one for one in PROGRAMS if not missing_terms(one))


def rows_of(name: str) -> list[dict[str, str]]:
    with (PACKAGED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers_in(value: Any) -> list[Decimal]:
    """All numbers of a value, whatever it is made of, in order of size."""
    if isinstance(value, dict):
        return sorted(number for part in value.values() for number in numbers_in(part))
    if isinstance(value, tuple | list):
        return sorted(number for part in value for number in numbers_in(part))
    return sorted(Decimal(text) for text in NUMBER.findall("" if value is None else str(value)))


@cache
def document_of(record_id: str) -> ProgramDocument:
    return program_of_text(document_text(record_id))


@pytest.mark.shared_data
@pytest.mark.parametrize("name", TABLES)
def test_the_packaged_tables_are_those_that_were_read(name: str) -> None:
    assert (PACKAGED / name).read_bytes() == (SHARED / name).read_bytes()


@pytest.mark.requirement("R51", "R52", "R77", "R78", "R79", "R80", "R81")
@pytest.mark.parametrize("name", TABLES)
def test_every_number_of_a_table_is_found_again_in_the_loaded_record(name: str) -> None:
    catalog = packaged_catalog()
    records = {one.id: one for one in (*catalog.programs, *catalog.makers, *catalog.networks)}
    for row in rows_of(name):
        told = asdict(records[row["id"]])
        assert set(told) == set(row)
        for column, cell in row.items():
            assert numbers_in(told[column]) == numbers_in(cell), (row["id"], column)


def test_amounts_are_exact_and_blanks_are_none() -> None:
    for row, program in zip(rows_of("programs.csv"), PROGRAMS, strict=True):
        for column in AMOUNT_COLUMNS:
            told = getattr(program, column)
            assert told == (Decimal(row[column]) if row[column] else None), (program.id, column)
    assert packaged_catalog().program("P36").per_kwh_credit_usd == Decimal("0.017155")
    assert packaged_catalog().program("P71").subscription_usd_per_month == (33, 44)


@pytest.mark.requirement("R77", "R78", "R79", "R80", "R81", "R85")
def test_counts_are_those_of_the_report_as_far_as_its_tables_bear_them_out() -> None:
    """The column "Extracted" of the count checks; where the report's own text differs, that file says so."""
    catalog = packaged_catalog()
    assert (len(catalog.programs), len(catalog.makers), len(catalog.networks)) == (71, 64, 43)
    by_archetype = [len(programs_with(PROGRAMS, archetype=archetype)) for archetype in Archetype]
    assert by_archetype == [28, 7, 36, 0]
    assert len(programs_with(PROGRAMS, incentive="demand_response")) >= 20
    for protocol, makers, networks in (
        ("OCPP", 40, 23), ("ISO 15118", 12, 7), ("OpenADR", 9, 18), ("API", 4, 15), ("IEEE 2030.5", None, 5),
    ):  # fmt: skip
        if makers is not None:
            assert len(makers_with(catalog.makers, protocol=protocol)) == makers, protocol
        assert len(networks_with(catalog.networks, protocol=protocol)) == networks, protocol
    assert len(makers_with(catalog.makers, protocol="proprietary")) == 7
    assert [len(makers_with(catalog.makers, level=level)) for level in ("L1", "L2", "DCFC")] == [8, 51, 30]
    assert len(makers_with(catalog.makers, v2g=True)) == 6
    assert len(makers_with(catalog.makers, managed=True)) == 49
    assert len(networks_with(catalog.networks, managed=True)) == 40
    pairs = {(one.utility, state) for one in PROGRAMS for state in (one.state or ("",))}
    assert len({utility for utility, _ in pairs}) == 46


@pytest.mark.requirement("R51")
def test_at_least_forty_programs_can_be_run_and_the_others_say_what_is_missing() -> None:
    assert len(RUNNABLE) >= 40
    for program in PROGRAMS:
        has_file = (PACKAGED / "documents" / f"{program.id}.yaml").exists()
        assert has_file is (program in RUNNABLE), program.id
    with pytest.raises(InputError, match=r"P04 .* is incomplete: \[incentives.rebate.amount\]; .* nothing is assumed"):
        document_text("P04")


@pytest.mark.parametrize(
    ("record_id", "missing"),
    [
        ("P09", ("incentives.demand_response.amount", "incentives.rebate.amount")),
        ("P20", ("eligibility.segments", "incentives.demand_response.amount")),
        ("P36", ("periods.hours",)),  # a credit a kWh in hours that are not printed
        ("P47", ("periods.hours",)),  # a reward for charging off peak, whose hours are not printed
        ("P52", ("periods.hours",)),
        ("P62", ("incentives.program_participation_reward.amount",)),
        ("P70", ()),  # pays nothing, and says so
        ("P02", ()),  # gives a charger instead of an amount
    ],
)
def test_what_is_missing_is_named(record_id: str, missing: tuple[str, ...]) -> None:
    assert missing_terms(packaged_catalog().program(record_id)) == missing


@pytest.mark.parametrize("program", RUNNABLE, ids=lambda one: one.id)
def test_a_document_says_what_its_record_says(program: CatalogProgram) -> None:
    document = document_of(program.id)
    assert (document.program_id, document.name, document.utility) == (program.id, program.program_name, program.utility)
    assert document.archetype == program.archetype
    assert document.eligibility.segments == tuple(Segment(segment) for segment in program.segment)
    assert bool(document.timezone) is bool(program.state) or not program.state
    assert program_of_text(program_text(document)) == document


@pytest.mark.parametrize("program", RUNNABLE, ids=lambda one: one.id)
def test_every_amount_of_the_record_stands_in_its_document(program: CatalogProgram) -> None:
    told = set(_amounts(document_of(program.id)))
    printed = {getattr(program, column) for column in AMOUNT_COLUMNS} - {None}
    assert printed | set(program.subscription_usd_per_month) <= told


@pytest.mark.parametrize("program", RUNNABLE, ids=lambda one: one.id)
def test_no_document_has_a_number_its_record_has_not(program: CatalogProgram) -> None:
    """Amounts, shares, counts, dates, hours and numbers in words all come from the record's cells.

    Written otherwise: shares of 1 are printed in percent, months in years, the months June to August by name, five
    dwellings as more than 4, and the complement of hours by its ends.
    """
    document = document_of(program.id)
    cells = {key: cell for key, cell in asdict(program).items() if key not in ("id", "source_line")}
    printed = set(numbers_in(cells)) | _in_words(program)
    told = set(_amounts(document)) | set(numbers_in((document.remarks, document.eligibility.conditions)))
    told |= {number for period in document.periods if period.hours for number in numbers_in(asdict(period.hours))}
    assert told - printed <= {Decimal(0)}, program.id


def _amounts(document: ProgramDocument) -> list[Decimal]:
    """Every number the document has as a term."""
    parts: list[Any] = [asdict(term) for term in document.incentives]
    parts += [document.capacity and asdict(document.capacity), document.voucher and document.voucher.amount]
    parts += [period.price_per_kwh for period in document.periods]
    parts += [document.contract and document.contract.months_min, document.starts_on]
    parts += [document.eligibility.units_min, document.eligibility.ports_min, document.eligibility.ports_max]
    parts += [
        document.events and asdict(document.events),
        document.eligibility.devices and document.eligibility.devices.registered_from,
    ]
    return [number for part in parts for number in _terms(part)]


def _terms(value: Any) -> list[Decimal]:
    """Numbers of terms; words such as L2 are none."""
    if isinstance(value, dict):
        return [number for part in value.values() for number in _terms(part)]
    if isinstance(value, tuple | list):
        return [number for part in value for number in _terms(part)]
    if isinstance(value, bool | str):
        return []
    return numbers_in(value)


def _in_words(program: CatalogProgram) -> set[Decimal]:
    """Numbers a record tells in other words."""
    text = f"{program.key_terms} {program.conditions} {program.status_dates}".casefold()
    told = {Decimal(percent) / 100 for percent in re.findall(r"(\d+)%", f"{text} {program.rebate_basis}")}
    years = {"one": 1, "two": 2, "1": 1, "2": 2, "3": 3}
    told |= {Decimal(12 * count) for word, count in years.items() if f"{word}-year" in text}
    told |= {Decimal(int(units) + 1) for units in re.findall(r">(\d+) units", text)}
    told |= set(map(Decimal, range(1, 13))) if "jun-aug" in text else set()
    return told | ({Decimal(1)} if re.search(r"first year|year 1", text) else set())


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"state": "wa"}, {"P25", "P42", "P66", "P68"}),
        ({"state": "MI", "archetype": "direct_load_control_telematics"}, {"P29", "P30"}),
        ({"segment": "school_bus"}, {"P23"}),
        ({"incentive": "dynamic_tou"}, {"P64"}),
        ({"text": "fleetcarma Tacoma"}, set()),
        ({"text": "gridshift silicon"}, {"P34"}),
    ],
)
def test_programs_are_found_by_what_they_are(asked: dict[str, str], found: set[str]) -> None:
    assert {one.id for one in programs_with(PROGRAMS, **asked)} == found


def test_a_version_of_a_protocol_is_narrower_than_the_protocol() -> None:
    makers = packaged_catalog().makers
    every = set(makers_with(makers, protocol="OCPP"))
    older, newer = set(makers_with(makers, protocol="ocpp 1.6")), set(makers_with(makers, protocol="OCPP 2.0"))
    by_hand = {one for one in makers if {"OCPP 1.6", "OCPP 1.6J"} & set(one.protocols)}
    assert older == by_hand
    assert newer < every
    assert older < every


def test_states_count_a_program_of_two_in_both() -> None:
    states = states_of(PROGRAMS)
    both = [one for one in PROGRAMS if len(one.state) == 2]
    assert [one.id for one in both] == ["P42"]
    assert sum(states.values()) == 71 + len(both)
    assert states[""] == sum(not one.state for one in PROGRAMS)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: programs_with(PROGRAMS, incentive="rebat"), "no incentive 'rebat' in the catalogue. Did you mean"),
        (lambda: programs_with(PROGRAMS, state="XX"), "no state 'XX' in the catalogue."),
        (lambda: makers_with(packaged_catalog().makers, protocol="OCCP"), "no protocol 'OCCP'"),
        (lambda: makers_with(packaged_catalog().makers, level="L3"), "no level 'L3' in the catalogue. There are: DCFC"),
        (lambda: packaged_catalog().record("P99"), "the catalogue has no 'P99'. Did you mean"),
        (lambda: packaged_catalog().program("E07"), "E07 is no program; programs are P01 to P71"),
    ],
)  # fmt: skip
def test_words_the_catalogue_has_not_are_refused_with_those_it_has(ask: Any, sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        ask()
    assert sentence in str(refused.value)
