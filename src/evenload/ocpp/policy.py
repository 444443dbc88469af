"""Policy of a connection: how strict, how patient, how much is kept."""

from dataclasses import dataclass
from enum import IntEnum
from math import inf
from typing import Final

from evenload.ocpp.payload import Inbound


class Priority(IntEnum):
    """The order queued calls leave in; calls of one priority leave in the order they came."""

    LIMIT = 0
    CONTROL = 1
    NORMAL = 2
    HOUSEKEEPING = 3


# What is not listed is NORMAL: everything a station sends among it, so that its transactions stay in order.
_PRIORITIES: Final = {
    Priority.LIMIT: ("SetChargingProfile", "ClearChargingProfile"),
    Priority.CONTROL: (
        "RemoteStartTransaction", "RemoteStopTransaction", "RequestStartTransaction", "RequestStopTransaction",
        "UnlockConnector", "ChangeAvailability", "ReserveNow", "CancelReservation", "Reset",
    ),
    Priority.HOUSEKEEPING: (
        "GetBaseReport", "GetConfiguration", "GetDiagnostics", "GetInstalledCertificateIds", "GetLog", "GetReport",
        "GetMonitoringReport", "PublishFirmware", "SendLocalList", "SignedUpdateFirmware", "UpdateFirmware",
    ),
}  # fmt: skip
_PRIORITY_OF: Final = {name: priority for priority, names in _PRIORITIES.items() for name in names}


def priority_of(action: str) -> Priority:
    """The priority of an action where the caller names none."""
    return _PRIORITY_OF.get(action, Priority.NORMAL)


@dataclass(frozen=True, slots=True)
class Policy:
    """One station's numbers; times are seconds, sizes are bytes of JSON.

    ``hold_s`` is how long a call of ours waits for calls of theirs to be answered first: some stations go mute when a
    call reaches them before the answer they wait for. ``queue_kept_for_limits`` places are closed to all but limits.
    """

    inbound: Inbound = Inbound.LENIENT
    timeout_s: float = 30.0
    attempts_max: int = 1
    hold_s: float = 5.0
    queue_max: int = 64
    queue_kept_for_limits: int = 8
    open_calls_max: int = 16
    answers_kept_max: int = 16
    answers_kept_s: float = 300.0
    past_calls_kept_max: int = 64
    frame_bytes_max_in: int = 1 << 20
    frame_bytes_max_out: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Terms:
    """What is particular to one call; ``None`` takes the policy's. After ``deadline`` it is worth nothing any more."""

    priority: Priority | None = None
    timeout_s: float | None = None
    attempts_max: int | None = None
    deadline: float = inf
