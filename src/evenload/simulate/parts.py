"""Finished units kept on disk, so that an interrupted study goes on where it stopped."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import evenload
from evenload.base.errors import InputError
from evenload.simulate.study_file import Study
from evenload.simulate.unit_run import FRAMES, Frames
from evenload.simulate.world import Unit

_MARK = "study.json"


@dataclass(frozen=True, slots=True)
class Parts:
    """The folder of finished units of one study; a unit is there whole or not at all."""

    folder: Path
    mark: str

    @classmethod
    def open(cls, out: Path, study_mark: str, fresh: bool) -> "Parts":
        """Open the parts of a study below ``out``; parts of another study, data or version are removed."""
        folder = out / "parts"
        mark = json.dumps({"study": study_mark, "evenload": evenload.__version__, "columns": FRAMES})
        known = folder / _MARK
        if folder.exists() and not known.exists() and any(folder.iterdir()):
            raise InputError(f"{folder} holds files that are not of a study; name another folder with --out")
        if fresh or not known.exists() or known.read_text() != mark:
            shutil.rmtree(folder, ignore_errors=True)
        return cls(folder, mark)

    def has(self, unit: Unit) -> bool:
        """Whether the unit is finished."""
        return (self.folder / unit.key).is_dir()

    def save(self, unit: Unit, frames: Frames) -> None:
        """Keep a finished unit."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / _MARK).write_text(self.mark)
        draft = self.folder / f".{unit.key}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        for name, frame in frames.items():
            frame.to_parquet(draft / f"{name}.parquet", index=False)
        draft.rename(self.folder / unit.key)

    def load(self, units: list[Unit]) -> Frames:
        """The frames of all units, joined in the order given."""
        return {
            name: pd.concat(
                [pd.read_parquet(self.folder / unit.key / f"{name}.parquet") for unit in units], ignore_index=True
            ).astype(columns)
            for name, columns in FRAMES.items()
        }


def fingerprint(study: Study, folder: Path) -> str:
    """What identifies a study: its settings and the content of the files it names, not where they lie."""
    digest = hashlib.sha256(study.model_dump_json().encode())
    for path in study.paths():
        digest.update((folder / path).read_bytes())
    return digest.hexdigest()
