"""evenload's server of stations as a process under load: its own desks, everyone known, events counted and let go."""

import itertools
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import uvloop

from evenload.domain.station import StationId
from evenload.domain.station_commands import ClearCache, SendData
from evenload.domain.station_events import StationEvent, TransactionStarted
from evenload.net.ocpp_server import OcppServer, ServerLimits
from evenload.net.password import hash_key
from evenload.net.ports import SecurityProfile, StationRecord, TenantRecord
from evenload.net.tls import server_tls
from evenload.ocpp.desk import Desk
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.dossier import DeskPolicy
from evenload.ocpp.records import MemoryRecords
from evenload.ocpp.v16 import OCPP16
from evenload.ocpp.v16.desk import desk16
from evenload.ocpp.v201.desk import desk201
from ocpp_child import Served, now, obey
from ocpp_traffic import KEY


class Everyone:
    """A directory in which every station is known, by one key."""

    def __init__(self) -> None:
        self._tenant = TenantRecord()
        self._record = StationRecord(profile=SecurityProfile.BASIC, password_hash=hash_key(KEY, b"salt" * 4))

    async def look_up(self, _: StationId) -> tuple[TenantRecord, StationRecord]:
        return self._tenant, self._record

    def hold(self, station: StationId, address: str) -> None:
        raise AssertionError(f"{station} at {address} is not known")

    def took_password(self, station: StationId, password_hash_next: str) -> None:
        raise AssertionError(f"{station} was sent no other password than {password_hash_next}")


class Tally:
    """A sink that counts."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    async def commit(self, events: Sequence[StationEvent]) -> None:
        self.counts["groups"] += 1
        self.counts["events"] += len(events)
        self.counts["starts"] += sum(type(event) is TransactionStarted for event in events)


class Desks:
    """A desk for every station, which outlives its connections."""

    def __init__(self) -> None:
        self._desks: dict[StationId, Desk] = {}
        self._policy = DeskPolicy()

    def desk_for(self, station: StationId, dialect: Dialect) -> Desk:
        if station not in self._desks:
            make = desk16 if dialect is OCPP16 else desk201
            self._desks[station] = make(station, MemoryRecords(), self._policy)
        return self._desks[station]


async def serve(variant: str) -> Served:
    tally = Tally()
    server = OcppServer(
        desk_for=Desks().desk_for, directory=Everyone(), sink=tally, clock=now, secret=os.urandom(32), name="b",
        limits=ServerLimits(silence_s_max=600),
    )  # fmt: skip
    tls = server_tls(*map(Path, json.loads(os.environ["BENCH_TLS"]))) if variant == "tls" else None
    port = await server.listen("127.0.0.1", 0, tls)
    numbers = itertools.count()

    def counts() -> Mapping[str, object]:
        return {"messages": server.counts.messages_in, "connected": len(server.connected), **tally.counts}

    async def command() -> bool:
        station, dialect = random.choice(list(server.connected.items()))
        name = f"c{next(numbers)}"
        one = ClearCache(command_id=name) if dialect is OCPP16 else SendData(command_id=name, vendor="v")
        return (await server.command(station, one)).settlement.good

    return Served(port, counts, command)


async def main() -> None:
    await obey(await serve(sys.argv[1]))


if __name__ == "__main__":
    uvloop.run(main())
