"""The whole of `evenload serve` as a process under load: its store in a file, its writer, its logs; all are let in.

Answers ``mark`` with processor seconds and memory; what was served is counted by who sends, and in the file.
"""

import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from evenload.app import stations
from evenload.app.bootstrap import serve
from evenload.app.log import set_up_logs
from evenload.app.settings import Settings
from evenload.app.sink import StoreSink
from evenload.domain.station_events import MeterSampled, StationEvent
from ocpp_child import now, usage

at_risk_ms: list[float] = []
"""For every group, how long the first of its readings was acknowledged and not on the disk."""


class TimedSink(StoreSink):
    """A sink that notes how long readings were at risk."""

    async def commit(self, events: Sequence[StationEvent]) -> None:
        oldest = next((one.received_at for one in events if type(one) is MeterSampled), None)
        await super().commit(events)
        if oldest is not None:
            at_risk_ms.append(1000 * (now() - oldest).total_seconds())


def answer() -> None:
    """Answer until the input ends; what was at risk is of the time since the last answer."""
    while sys.stdin.readline().strip():
        times = sorted(at_risk_ms) or [0.0]
        at_risk_ms.clear()
        risk = {"risk_p99_ms": times[int(len(times) * 0.99)], "risk_max_ms": times[-1]}
        print(json.dumps(usage() | risk), flush=True)
    os._exit(0)


def main() -> None:
    set_up_logs("error", "text")
    settings = Settings(
        port=0, database=Path(sys.argv[1]), tenants=("bench",), unknown_stations="accept", role="stations"
    )
    stations.StoreSink = TimedSink  # type: ignore[attr-defined]
    threading.Thread(target=answer, daemon=True).start()
    serve(settings, lambda address: print(address.port, flush=True))


if __name__ == "__main__":
    main()
