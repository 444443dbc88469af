"""The traffic of the benchmark is what its description says, and nothing in it is refused."""

import json
from collections import Counter
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from evenload.ocpp.payload import decode
from evenload.ocpp.versions import DIALECTS

BENCH = Path(__file__).resolve().parents[3] / "bench"


@pytest.fixture(scope="module")
def traffic() -> ModuleType:
    spec = spec_from_file_location("bench_ocpp_traffic", BENCH / "ocpp_traffic.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_mix_is_the_one_that_is_told(traffic: ModuleType) -> None:
    assert Counter(traffic.MIX) == {"M": 14, "H": 3, "S": 2, "T": 1}
    assert len(traffic.MEASURANDS) == 6


@pytest.mark.parametrize("version", DIALECTS)
def test_every_message_is_one_of_its_version(traffic: ModuleType, version: str) -> None:
    station = traffic.Station(0, version, traffic.Tally(), closed_loop=False)
    bodies = [traffic.BOOT[version]]
    for _ in range(60):
        kind = station.next_kind()
        bodies.append(station.body(kind))
        if kind == "T" and version == "ocpp1.6" and station.transaction < 0 and "Start" in bodies[-1]:
            station.transaction = 5
    seen: Counter[str] = Counter()
    for body in bodies:
        action, payload = json.loads(f"[{body}]")
        decoded = decode(json.dumps(payload).encode(), DIALECTS[version].by_name[action].request)
        assert decoded.value is not None, decoded.violations
        seen[action] += 1
    if version == "ocpp1.6":
        assert (seen["MeterValues"], seen["StartTransaction"], seen["StopTransaction"]) == (42, 2, 1)
    else:
        assert seen["TransactionEvent"] == 45
