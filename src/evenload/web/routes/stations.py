"""Stations: what connects, and may."""

from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from evenload.service import stations
from evenload.service.admission import Credentials
from evenload.service.rows import StationRow
from evenload.web.fields import IDENTITY_PATTERN, STATION_PATTERN, Instant, Resource, Switch, example
from evenload.web.identity import Asking, With
from evenload.web.options import Services
from evenload.web.pages import Cutting, Page
from evenload.web.tenant_route import ONCE, tenant_router

router = tenant_router("stations", "stations")

Identity = Annotated[str, Path(pattern=STATION_PATTERN, max_length=48, description="Its own name, as its path ends.")]


class CredentialsBody(Resource):
    """How a station has to prove itself."""

    profile: int = Field(0, strict=True, ge=0, le=3, description="Weakest security profile (OCPP) it may come in by.")
    new_password: Switch = Field(False, description="Draw a password, and answer it this once; profile 1 or 2.")
    certificate_name: str = Field("", max_length=64, description="Common name of its certificate; profile 3.")


class StationBody(CredentialsBody, json_schema_extra=example(identity="CP1", profile=1, new_password=True)):
    """A station as it is added."""

    identity: str = Field(pattern=IDENTITY_PATTERN, max_length=48, description="Its own name.", examples=["CP1"])


class Station(Resource):
    """A station."""

    identity: str
    approved: bool = Field(description="Whether it may come in.")
    connected: bool
    profile: int = Field(description="Weakest security profile it may come in by.")
    vendor: str
    model: str
    firmware: str
    seen_at: Instant | None
    fallback_kw: float | None = Field(description="Fallback that its own account of its schedule showed.")
    disobeyed_at: Instant | None = Field(description="When it last drew more than it was allowed.")

    @classmethod
    def of(cls, row: StationRow) -> "Station":
        """As it is answered."""
        details = row.details
        return cls(
            identity=row.station.identity, approved=row.approved, connected=row.connected, profile=row.profile,
            vendor=details.vendor if details else "", model=details.model if details else "",
            firmware=details.firmware if details else "", seen_at=row.seen_at, fallback_kw=row.fallback_kw,
            disobeyed_at=row.disobeyed_at,
        )  # fmt: skip


class Admitted(Resource):
    """A station that may come in."""

    station: Station
    password: str | None = Field(description="Shown this once; null where none was drawn.")


@router.get("")
def list_stations(scope: Asking, services: With, cut: Cutting) -> Page[Station]:
    """Stations, by identity."""
    rows = stations.stations(scope, services.store, cut.after, cut.count + 1)
    return cut.page(rows, lambda one: one.station.identity, Station.of)


@router.post("", status_code=201, dependencies=[ONCE])
def add_station(scope: Asking, services: With, body: StationBody, response: Response) -> Admitted:
    """Add a station before it connects for the first time. Role: operator."""
    credentials, password = _credentials(services, body)
    row = stations.add_station(scope, services.store, body.identity, credentials, services.clock())
    return _admitted(row, password, response)


@router.get("/{identity}")
def get_station(scope: Asking, services: With, identity: Identity) -> Station:
    """One station."""
    return Station.of(stations.station(scope, services.store, identity))


@router.post("/{identity}/approve", dependencies=[ONCE])
def approve_station(
    scope: Asking, services: With, identity: Identity, response: Response, body: CredentialsBody | None = None
) -> Admitted:
    """Let a station in that was held. Without a body it proves itself as before. Role: operator."""
    credentials, password = _credentials(services, body) if body else (None, None)
    row = stations.approve_station(scope, services.store, identity, services.clock(), credentials)
    return _admitted(row, password, response)


def _credentials(services: Services, body: CredentialsBody) -> tuple[Credentials, str | None]:
    password = (services.draw() + services.draw())[:40] if body.new_password else None  # 40: OCPP 1.6 takes no more
    hashed = services.hash_key(password.encode()) if password else ""
    return Credentials(body.profile, hashed, body.certificate_name), password


def _admitted(row: StationRow, password: str | None, response: Response) -> Admitted:
    if password:
        response.headers["Cache-Control"] = "no-store"
    return Admitted(station=Station.of(row), password=password)
