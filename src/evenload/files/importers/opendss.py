"""The EPRI Ckt5 feeder, read from its OpenDSS text: distribution transformers and the customers behind each.

Only what that circuit uses is understood: ``New Transformer`` with ``wdg=2 bus=``, ``New Line`` from a secondary bus
to a service bus, ``New Load`` with ``bus1`` and ``kW``. It is no general OpenDSS reader.
"""

import re
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np

from evenload.base.errors import InputError
from evenload.base.units import FloatArray, IntArray, TextArray
from evenload.domain.columns import Columns

_PHASE_LETTERS: Final = {"1": "A", "2": "B", "3": "C"}
_STATEMENT: Final = re.compile(r"^\s*New\s+(Transformer|Line|Load)\.(\S+)", re.IGNORECASE)
_FILES: Final = ("Transformers_ckt5.dss", "XFR_Loads_ckt5.dss", "Loads_ckt5.dss")


@dataclass(frozen=True)
class FeederTable(Columns):
    """Transformers of a feeder, one a row, the substation's first.

    ``phases`` in letters (A, B, C or ABC). ``customers`` and ``load_kw`` (peak demand of their loads, kW) are those
    connected at the transformer's own secondary: none at the substation.
    """

    transformer: TextArray
    rating_kva: FloatArray
    phases: TextArray
    customers: IntArray
    load_kw: FloatArray

    @property
    def service(self) -> Self:
        """The transformers that serve customers."""
        return self.take(self.customers > 0)


def read_feeder(archive: Path) -> FeederTable:
    """Read the Ckt5 archive (``.tar.gz``)."""
    with tarfile.open(archive) as files:
        texts = [_member(files, name) for name in _FILES]
    return feeder_of(line for text in texts for line in text.splitlines())


def feeder_of(lines: Iterable[str]) -> FeederTable:
    """The transformer table of OpenDSS statements, in the order the transformers are defined.

    Raises:
        InputError: where a load hangs on no transformer.
    """
    statements = [(found.group(1).lower(), found.group(2), line) for line in lines if (found := _STATEMENT.match(line))]
    transformers = [_transformer(name, line) for kind, name, line in statements if kind == "transformer"]
    row_at = {bus: row for row, (*_, bus) in enumerate(transformers)}
    upstream = {_bus(line, "bus2"): _bus(line, "bus1") for kind, _, line in statements if kind == "line"}
    customers = np.zeros(len(transformers), dtype=np.int64)
    load_kw = np.zeros(len(transformers))
    for kind, name, line in statements:
        if kind == "load":
            row = _row_above(_bus(line, "bus1"), row_at, upstream, name)
            customers[row] += 1
            load_kw[row] += float(_found(line, r"\bkW=([\d.]+)"))
    return FeederTable(
        transformer=np.array([name for name, *_ in transformers], dtype=np.str_),
        rating_kva=np.array([rating_kva for _, rating_kva, *_ in transformers]),
        phases=np.array([phases for *_, phases, _ in transformers], dtype=np.str_),
        customers=customers,
        load_kw=load_kw,
    )


def _transformer(name: str, line: str) -> tuple[str, float, str, str]:
    """Name, rating (kVA), phase letters and secondary bus; the substation's is written with lists."""
    if listed := re.search(r"buses=\(\S+\s*,\s*(\S+?)\)", line, re.IGNORECASE):
        rating_kva = float(_found(line, r"\bkvas=\([\d.]+\s*,\s*([\d.]+)"))
        return name, rating_kva, "ABC", listed.group(1).lower()
    secondary = re.findall(r"\bbus=(\S+)", line, re.IGNORECASE)[-1].lower()
    phases = "".join(_PHASE_LETTERS[node] for node in secondary.split(".")[1:] if node in _PHASE_LETTERS)
    return name, float(_found(line, r"\bkVA=([\d.]+)")), phases, secondary


def _row_above(bus: str, row_at: dict[str, int], upstream: dict[str, str], load: str) -> int:
    """Row of the transformer whose secondary feeds the bus, found by walking up the service lines."""
    while bus not in row_at:
        if bus not in upstream:
            raise InputError(f"load {load} at bus {bus} hangs on no transformer")
        bus = upstream[bus]
    return row_at[bus]


def _bus(line: str, name: str) -> str:
    return _found(line, rf"\b{name}=(\S+)").lower()


def _found(line: str, pattern: str) -> str:
    found = re.search(pattern, line, re.IGNORECASE)
    if found is None:
        raise InputError(f"nothing like {pattern} in {line.strip()!r}")
    return found.group(1)


def _member(files: tarfile.TarFile, name: str) -> str:
    for member in files.getmembers():
        if Path(member.name).name == name and (content := files.extractfile(member)):
            return content.read().decode("latin-1")
    raise InputError(f"the archive has no {name}")
