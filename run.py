#!/usr/bin/env python3
"""Everything a fresh machine needs: `python3 run.py demo`, `python3 run.py test`. Standard library only.

Makes a virtual environment in .venv (or $EVENLOAD_VENV), installs the pinned packages and runs the command in it.
"""

import argparse
import ctypes.util
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

HERE = Path(__file__).resolve().parent
VENV = Path(os.environ.get("EVENLOAD_VENV", HERE / ".venv"))
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".evenload-installed"


def main() -> int:
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, text) in COMMANDS.items():
        commands.add_parser(name, help=text, add_help=False)
    chosen, rest = parser.parse_known_args()
    if sys.version_info < (3, 11):
        print(f"evenload needs Python 3.11 or newer; this is {sys.version.split()[0]}", file=sys.stderr)
        return 3
    return COMMANDS[chosen.command][0](rest)


def demo(arguments: list[str]) -> int:
    set_up("runtime")
    print(f"evenload: the evenload command is {VENV / 'bin' / 'evenload'}", file=sys.stderr)
    return run("-m", "evenload", "demo", *arguments)


def test(arguments: list[str]) -> int:
    set_up("dev")
    fast = "--fast" in arguments
    rest = [argument for argument in arguments if argument != "--fast"]
    if not fast and not rest:
        browser = have_chromium()
        if browser:
            return browser
        failed = check([])
        if failed:
            return failed
    selection = ["-m", "not slow and not browser"] if fast else []
    return run("-m", "pytest", "-n", "2", "--dist", "worksteal", *selection, *rest)


def check(arguments: list[str]) -> int:
    set_up("dev")
    return run("tools/check.py", *arguments)


def bench(arguments: list[str]) -> int:
    set_up("dev")
    chosen = [arguments[0]] if arguments and not arguments[0].startswith("-") else list(BENCHES)
    if unknown := set(chosen) - set(BENCHES):
        sys.stderr.write(f"run.py: there is no benchmark {unknown.pop()!r}; there are {', '.join(BENCHES)}\n")
        return 2
    rest = [argument for argument in arguments if argument not in BENCHES]
    return max(run(BENCHES[name], *rest) for name in chosen)


def docs(arguments: list[str]) -> int:
    set_up("dev")
    return run("-m", "mkdocs", "build", "--strict", *arguments)


def lock(arguments: list[str]) -> int:
    """Resolve constraints.txt again; needs uv."""
    set_up("dev")
    return run(
        "-m", "uv", "pip", "compile", "--universal", "--no-emit-index-url", "--no-header", "--no-annotate",
        "--extra", "dev", "--python-version", "3.11", "-o", "constraints.txt", "pyproject.toml", *arguments,
    )  # fmt: skip


BENCHES = {
    "foundation": "bench/foundation.py",
    "schedule": "bench/schedule.py",
    "site": "bench/site_peers.py",
    "ocpp": "bench/ocpp_load.py",
    "api": "bench/api_reads.py",
    "live": "bench/live.py",
    "store": "bench/store_rates.py",
    "forecast": "bench/forecast_skill.py",
    "devices": "bench/devices.py",
    "fairness": "bench/fairness.py",
    "departures": "bench/departures.py",
    "arrivals": "bench/arrivals.py",
    "sites": "bench/sites.py",
    "cable": "bench/cable.py",
    "cars": "bench/cars.py",
    "openadr3": "bench/openadr3.py",
    "openadr20b": "bench/openadr20b.py",
}

COMMANDS = {
    "demo": (demo, "a live town on this machine, until Ctrl-C; --study studies a winter and writes a report"),
    "test": (test, "every check and test; --fast leaves the slow ones and the browser out"),
    "check": (check, "format, lint, types, import directions, sizes, docs"),
    "bench": (bench, "measure speed and memory and print tables: foundation, schedule, site, ocpp, or all"),
    "docs": (docs, "build the documentation site into site/"),
    "lock": (lock, "resolve constraints.txt again"),
}


def set_up(extra: str) -> None:
    """Create the environment and install what is missing; does nothing when all is as before."""
    other = installed_from()
    if other not in (None, HERE):
        sys.exit(refused(other))
    wanted = fingerprint(extra)
    known = STAMP.read_text().split() if STAMP.exists() else []
    if wanted in known:
        return
    if not PYTHON.exists():
        print(f"evenload: making a virtual environment in {VENV}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], check=True)
    target = f"{HERE}[dev]" if extra == "dev" else str(HERE)
    print("evenload: installing packages (a minute the first time)", flush=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "-qq", "--disable-pip-version-check",
         "--root-user-action=ignore", "-c", str(HERE / "constraints.txt"), "-e", target],
        check=True,
    )  # fmt: skip
    done = {wanted, fingerprint("runtime"), *(one for one in known if one == fingerprint("dev"))}
    STAMP.write_text("\n".join(sorted(done)))


def installed_from() -> Path | None:
    """The checkout whose evenload is in the environment; None where there is none."""
    for told in VENV.glob("lib/python*/site-packages/evenload-*.dist-info/direct_url.json"):
        url = json.loads(told.read_text()).get("url", "")
        if url.startswith("file:"):
            return Path(unquote(urlsplit(url).path)).resolve()
    return None


def refused(other: Path) -> int:
    """An environment is of one checkout: installing this one would take evenload away from that."""
    print(f"{VENV} is the environment of {other}, not of {HERE}.", file=sys.stderr)
    print("Name another folder in EVENLOAD_VENV, or leave it out; to take this one over, remove it.", file=sys.stderr)
    return 3


def fingerprint(extra: str) -> str:
    content = b"".join((HERE / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    return extra + ":" + hashlib.sha256(content).hexdigest()[:16]


def have_chromium() -> int:
    """Install Debian's Chromium, and what its driver links to, for the browser tests; where that cannot be, say how."""
    missing = missing_packages()
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"evenload: installing {' and '.join(missing)} for the browser tests", flush=True)
        for command in ("apt-get update -qq", f"{INSTALL} -qq {' '.join(missing)}"):
            if subprocess.run(command.split(), stdout=subprocess.DEVNULL, check=False).returncode:
                break
        missing = missing_packages()
    if not missing:
        return 0
    print(f"The browser tests need {' and '.join(missing)}. Install with:", file=sys.stderr)
    print(f"  sudo {INSTALL} {' '.join(missing)}", file=sys.stderr)
    return 3


INSTALL = "apt-get install -y --no-install-recommends"


def missing_packages() -> list[str]:
    there = {"chromium": shutil.which("chromium"), "libatomic1": ctypes.util.find_library("atomic")}
    return [package for package, found in there.items() if not found]


def run(*arguments: str) -> int:
    try:
        return subprocess.run([str(PYTHON), *arguments], cwd=HERE, check=False).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
