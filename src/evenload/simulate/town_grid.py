"""Where a virtual town's stations hang: one feeder, transformers, homes below them, a car park, a main street."""

from dataclasses import dataclass
from itertools import cycle, islice
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.units import kw_from_kva
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.domain.vehicle_state import CAR_PREFIX, Provider
from evenload.grid.build import HomeGrid
from evenload.ocpp.v16 import OCPP16
from evenload.ocpp.v201 import OCPP201
from evenload.simulate.town_parts import Device, SiteKind, TownSite

SYSTEM: Final = "TOWN"
SUBSTATION: Final = "SUB1"
FEEDER: Final = "F1"
_POWER_FACTOR: Final = 0.95
_THREE_PHASE_HOMES: Final = 0.4
_CLOUDS: Final = (Provider.SMARTCAR, Provider.ENODE, Provider.TESLA)
_VERSIONS: Final = (OCPP16.subprotocol, OCPP201.subprotocol)


@dataclass(frozen=True, slots=True)
class TownShape:
    """How large a town is. Two of its transformers serve the workplace and the main street, the others homes.

    A home has at most one station and one car; ``transformer_kva`` is dealt out in turn. At ``cloud_cars`` of the homes
    without a station there is a car all the same, at an outlet, reached by its maker's cloud. The defaults are chosen
    such that unmanaged charging takes some transformers and the feeder over their limits on a winter evening, and that
    all cars still fit with time to spare.
    """

    transformers: int = 60
    homes_per_transformer: int = 10
    home_stations: int = 400
    workplace_stations: int = 36
    workplace_drivers: int = 64
    public_stations: int = 14
    public_drivers: int = 40
    transformer_kva: tuple[float, ...] = (37.5, 50.0, 50.0)
    feeder_kva: float = 1250.0
    workplace_kva: float = 250.0
    workplace_site_kw: float = 150.0
    public_kva: float = 160.0
    base_kw_peak_per_home: float = 1.6
    cloud_cars: int = 0

    def __post_init__(self) -> None:
        homes = (self.transformers - 2) * self.homes_per_transformer
        if not 1 <= self.home_stations <= homes:
            raise InputError(f"a town of {homes} homes has 1 to {homes} of them with a station: {self.home_stations}")
        without = homes - self.home_stations
        if not 0 <= self.cloud_cars <= without:
            raise InputError(f"{without} homes of the town have no station: {self.cloud_cars} cars cannot be there")
        if min(self.workplace_stations, self.public_stations) < 1:
            raise InputError("a town has at least one station at work and one in public")

    @property
    def stations(self) -> int:
        """How many there are."""
        return self.home_stations + self.workplace_stations + self.public_stations


@dataclass(frozen=True, slots=True)
class TownGrid:
    """The circuits, the homes on them, sites, devices, and outlets of cars reached by clouds, in a fixed order."""

    circuits: CircuitTree
    homes: HomeGrid
    sites: tuple[TownSite, ...]
    devices: tuple[Device, ...]
    outlets: tuple[Device, ...] = ()


def build_grid(shape: TownShape, rng: np.random.Generator) -> TownGrid:
    """Deal out homes, stations and versions."""
    names = [f"T{number:02d}" for number in range(1, shape.transformers + 1)]
    residential, workplace, public = names[:-2], names[-2], names[-1]
    sites = _home_sites(residential, shape, rng)
    sites.append(_shared_site("WORK", workplace, SiteKind.WORKPLACE, shape.workplace_stations))
    sites.append(_shared_site("STREET", public, SiteKind.PUBLIC, shape.public_stations))
    devices = _devices(sites, rng)
    parked = _parked_sites(residential, sites, shape, rng)
    outlets = _outlets(parked, rng)
    sites += parked
    circuits = CircuitTree.of([*_trunk(residential, workplace, public, shape), *(_site(one, shape) for one in sites)])
    home_node = np.repeat(circuits.find(residential), shape.homes_per_transformer)
    return TownGrid(circuits, HomeGrid(circuits, home_node), tuple(sites), devices, outlets)


def _home_sites(residential: list[str], shape: TownShape, rng: np.random.Generator) -> list[TownSite]:
    homes = len(residential) * shape.homes_per_transformer
    chosen = np.sort(rng.choice(homes, shape.home_stations, replace=False)).tolist()
    sites = []
    for home in chosen:
        transformer = residential[home // shape.homes_per_transformer]
        node = f"{transformer}-H{home % shape.homes_per_transformer + 1:02d}"
        sites.append(TownSite(node, transformer, SiteKind.HOME, (f"CS-{node}",)))
    return sites


def _parked_sites(
    residential: list[str], taken: list[TownSite], shape: TownShape, rng: np.random.Generator
) -> list[TownSite]:
    """Homes without a station, but with a car."""
    has_station = {one.node for one in taken}
    homes = [
        (node, transformer) for transformer in residential for number in range(1, shape.homes_per_transformer + 1)
        if (node := f"{transformer}-H{number:02d}") not in has_station
    ]  # fmt: skip
    chosen = np.sort(rng.choice(len(homes), shape.cloud_cars, replace=False)) if shape.cloud_cars else ()
    found = [homes[home] for home in chosen]
    return [
        TownSite(node, transformer, SiteKind.HOME, (f"{CAR_PREFIX}EV{number:04d}",))
        for number, (node, transformer) in enumerate(found)
    ]


def _outlets(sites: list[TownSite], rng: np.random.Generator) -> tuple[Device, ...]:
    """The outlets of cars, a third of them reached by each shape of cloud; powers are those of homes with a station."""
    three_phase = (rng.random(len(sites)) < _THREE_PHASE_HOMES).tolist()
    return tuple(
        Device(
            site.stations[0], _CLOUDS[number % len(_CLOUDS)].value, 1, site.node, site.kind,
            *_supply(site.kind, three_phase=three_phase[number]),
        )
        for number, site in enumerate(sites)
    )  # fmt: skip


def _shared_site(node: str, transformer: str, kind: SiteKind, stations: int) -> TownSite:
    return TownSite(node, transformer, kind, tuple(f"CS-{node}-{number:02d}" for number in range(1, stations + 1)))


def _trunk(residential: list[str], workplace: str, public: str, shape: TownShape) -> list[Circuit]:
    kva = islice(cycle(shape.transformer_kva), len(residential))
    rated = {**dict(zip(residential, kva, strict=True)), workplace: shape.workplace_kva, public: shape.public_kva}
    return [
        Circuit(SYSTEM, "", CircuitKind.SYSTEM),
        Circuit(SUBSTATION, SYSTEM, CircuitKind.SUBSTATION),
        _rated(FEEDER, SUBSTATION, CircuitKind.FEEDER, shape.feeder_kva),
        *(_rated(name, FEEDER, CircuitKind.TRANSFORMER, one) for name, one in rated.items()),
    ]


def _rated(node: str, parent: str, kind: CircuitKind, kva: float) -> Circuit:
    limit_kw = kw_from_kva(kva, _POWER_FACTOR)
    return Circuit(node, parent, kind, limit_kw, rating_kva=kva, power_factor=_POWER_FACTOR)


def _site(site: TownSite, shape: TownShape) -> Circuit:
    if site.kind is SiteKind.WORKPLACE:
        return Circuit(site.node, site.transformer, CircuitKind.SITE, shape.workplace_site_kw)
    return Circuit(site.node, site.transformer, CircuitKind.SITE)


def _devices(sites: list[TownSite], rng: np.random.Generator) -> tuple[Device, ...]:
    """Half of the stations of each version; at homes 7.4 kW on one phase or 11 kW on three."""
    pairs = [(site, station) for site in sites for station in site.stations]
    version = rng.permutation(np.arange(len(pairs)) % 2).tolist()
    three_phase = (rng.random(len(pairs)) < _THREE_PHASE_HOMES).tolist()
    devices = []
    for number, (site, station) in enumerate(pairs):
        current_a, phases = _supply(site.kind, three_phase=three_phase[number])
        devices.append(Device(station, _VERSIONS[version[number]], 1, site.node, site.kind, current_a, phases))
    return tuple(devices)


def _supply(kind: SiteKind, *, three_phase: bool) -> tuple[float, int]:
    if kind is SiteKind.HOME:
        return (16.0, 3) if three_phase else (32.0, 1)
    return (16.0, 3) if kind is SiteKind.WORKPLACE else (32.0, 3)
