"""Environments of peers: one each below .venv-peers, made once from a constraints file of its own."""

import hashlib
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ENVIRONMENTS = BENCH.parent / ".venv-peers"
REQUIREMENTS = {
    "acnportal": ("acnportal", "highspy", "setuptools"),  # acnportal needs the pkg_resources of an older setuptools
    "flexmeasures": ("flexmeasures",),
    "openleadr": ("openleadr",),
    "pypsa": ("pypsa", "highspy"),
}


class NoEnvironmentError(Exception):
    """A peer could not be installed."""


def python_of(peer: str) -> Path:
    """Python of a peer's environment, made or renewed where its constraints have changed."""
    folder, constraints = ENVIRONMENTS / peer, BENCH / "peers" / f"{peer}-constraints.txt"
    python, stamp = folder / "bin" / "python", folder / ".installed"
    wanted = hashlib.sha256(constraints.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    print(f"evenload: making an environment for {peer} in {folder}", file=sys.stderr, flush=True)
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    commands: tuple[list[str | Path], ...] = (
        [base, "-m", "venv", "--clear", "--without-pip", folder],
        [base, "-m", "pip", "--python", python, "install", "-qq", "--disable-pip-version-check",
         "--root-user-action=ignore", "-c", constraints, *REQUIREMENTS[peer]],
    )  # fmt: skip
    for command in commands:
        if subprocess.run(command, check=False).returncode:
            raise NoEnvironmentError(f"the environment for {peer} could not be made (it needs the network)")
    stamp.write_text(wanted)
    return python
