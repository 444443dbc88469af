from pathlib import Path

import pytest

from evenload.base.errors import InputError
from evenload.files.importers.opendss import feeder_of, read_feeder

SMALL = """
New Transformer.SUB  phases=3  windings=2  buses=(HSB, LSB.1.2.3.0)  kvs=(115, 12.47)  kvas=(10000, 8000)  sub=y
New Transformer.T1  phases=1  wdg=1 bus=7.2  kv=7.2  kVA=25  wdg=2 bus=X_7.2  kv=0.24  kVA=25
New Transformer.T2  phases=1  wdg=1 bus=7.3  kv=7.2  kVA=37.5   wdg=2 bus=X_7.3  kv=0.24  kVA=37.5
New Line.S1  bus1=X_7.2  bus2=X_7_1.2  linecode=secondary
New Line.S2  bus1=x_7_1.2  bus2=X_7_2.2  linecode=secondary
New Load.A  phases=1  bus1=X_7_1.2  kv=0.24  kW=2.5  pf=0.93
New Load.B  phases=1  bus1=X_7_2.2  kv=0.24  kW=1.5  pf=0.93
New Load.C  phases=1  bus1=X_7.3  kv=0.24  kW=4  pf=0.93
"""


def test_customers_are_counted_at_the_transformer_upstream_of_their_phase() -> None:
    table = feeder_of(SMALL.splitlines())
    assert table.transformer.tolist() == ["SUB", "T1", "T2"]
    assert table.rating_kva.tolist() == [8000.0, 25.0, 37.5]
    assert table.phases.tolist() == ["ABC", "B", "C"]
    assert table.customers.tolist() == [0, 2, 1]
    assert table.load_kw.tolist() == [0.0, 4.0, 4.0]
    assert table.service.transformer.tolist() == ["T1", "T2"]


def test_a_load_on_no_transformer_is_refused() -> None:
    with pytest.raises(InputError, match=r"load D at bus y\.1 hangs on no transformer"):
        feeder_of([*SMALL.splitlines(), "New Load.D phases=1 bus1=Y.1 kW=1"])


@pytest.mark.shared_data
def test_ckt5_has_592_transformers_and_1379_customers(shared_data: Path) -> None:
    """The circuit's own description: 592 transformers (one is the substation's), 1,379 customers."""
    table = read_feeder(shared_data / "feeders/epri_ckt5.tar.gz")
    assert len(table) == 592
    assert int(table.customers.sum()) == 1_379
    assert len(table.service) == 591
    assert table.phases[0] == "ABC"
    assert set(table.service.phases.tolist()) == {"A", "B", "C"}
