from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evenload.domain.vehicle_state import Capabilities, CarId, PlugState, Provider, SocBasis, VehicleState
from evenload.telematics.port import Application, Home, Link, Tokens

NOW = datetime(2025, 1, 13, 18, 0, tzinfo=UTC)
CAR = CarId("town", "v1")


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def app() -> Application:
    return Application("our-id", "our-secret", "https://example.org/back", "hook-secret")


@pytest.fixture
def tokens() -> Tokens:
    return Tokens("access", NOW + timedelta(hours=1), "refresh")


@pytest.fixture
def link() -> Link:
    able = Capabilities(can_start_stop=True)
    return Link(
        CAR, Provider.SMARTCAR, "remote-1", "user-1", battery_kwh=75.0, capabilities=able, home=Home(59.913, 10.752)
    )


@pytest.fixture
def told() -> Callable[..., VehicleState]:
    """A state told some minutes after NOW."""

    def tell(minutes: float, plug: PlugState = PlugState.WAITING, **fields: Any) -> VehicleState:
        at = NOW + timedelta(minutes=minutes)
        state = VehicleState(CAR, at, at, plug, 0.5, 0.95, SocBasis.PERCENT, is_home=True)
        return replace(state, **fields)

    return tell
