"""Every check that is not a test: format, lint, types, import directions, sizes, generated pages, texts and the site.

`python3 run.py check` runs them all, two at a time; `--only NAME` runs one (repeat it for more).
Exits 0 when all pass, 1 when one fails (its output is printed), 2 for an unknown name.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKERS = 2
GENERATORS = (
    "tools/requirements.py",
    "tools/conformance.py",
    "tools/files_reference.py",
    "tools/reference.py",
    "tools/settings_reference.py",
    "tools/openapi.py",
    "tools/showcase.py",
    "tools/ocpp_structs.py",
)

# Written as patterns so that this file does not find itself.
UNWANTED_TEXTS = {
    "names a package index or registry": re.compile(
        r"(?i)\b(?:py[p]i|files\.pythonh[o]sted|registry\.(?:np[m]js|yar[n]pkg)|np[m]js|ana[c]onda)\.(?:org|com)\b"
        r"|--(?:extra-)?index-ur[l]\b|\"resolved\": \"htt[p]"
    ),
    "names a folder of one machine": re.compile(r"(?<![\w.\-])/(?:wor[k]|roo[t]|hom[e]/\w+|User[s]/\w+)/"),
}
OUTSIDE_ASSET = re.compile(
    r"<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\bsrc=[\"']?(?:https?:)?//[^\"'\s>]+"
    r"|<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|preload|preconnect|icon))[^>]*?\bhref=[\"']?(?:https?:)?//[^\"'\s>]+"
    r"|url\([\"']?(?:https?:)?//[^)]+\)|@import\s+[\"'](?:https?:)?//[^\"']+"
)


@dataclass(frozen=True)
class Outcome:
    """How one check ended."""

    passed: bool
    output: str


def command(*arguments: str) -> Outcome:
    """Run a Python module or file in this environment, from the root of the project."""
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}  # an advertisement, not a warning about these pages
    line = [sys.executable, *arguments]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return Outcome(done.returncode == 0, (done.stdout + done.stderr).strip())


def faults(found: Iterable[str]) -> Outcome:
    """Passed where nothing was found."""
    listed = list(found)
    return Outcome(not listed, "\n".join(listed))


def layers() -> Outcome:
    """Import directions and forbidden imports of pyproject.toml."""
    return command(str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo")


def rooms() -> Outcome:
    """Every folder of the package stands in the layers contract, and every room of the contract stands on disk."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    contract = next(contract for contract in contracts if contract["type"] == "layers")
    named = {room.strip() for layer in contract["layers"] for room in re.split(r"[|:]", layer)}
    package = ROOT / "src" / "evenload"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    modules = {path.stem for path in package.glob("*.py")}
    return faults(
        [f"src/evenload/{room} is in no layer of pyproject.toml" for room in sorted(folders - named)]
        + [f"the layer {room} of pyproject.toml is not in src/evenload" for room in sorted(named - folders - modules)]
        + ([] if contract.get("exhaustive") else ["the layers contract is not exhaustive"])
    )


def generated() -> Outcome:
    """Every generated page is what its generator would write now."""
    outcomes = [command(tool, "--check") for tool in GENERATORS if (ROOT / tool).exists()]
    return Outcome(all(o.passed for o in outcomes), "\n".join(o.output for o in outcomes if not o.passed))


def texts() -> Outcome:
    """No file of the project names a package index or a folder of somebody's machine."""
    return faults(fault for path in project_files() for fault in unwanted_in(path))


_MADE = {"out", "site", "dist"}


def project_files() -> list[Path]:
    """Files under version control or about to be; without git or a repository, all but what is made or hidden."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = None
    if shutil.which("git"):
        done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
        names = sorted(name for name in done.stdout.split("\0") if name) if done.returncode == 0 else None
    if names is None:
        every = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
        names = sorted(
            str(path)
            for path in every
            if path.parts[0] not in _MADE
            and not any(part.startswith(".") or part == "__pycache__" for part in path.parts)
        )
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def unwanted_in(path: Path) -> list[str]:
    """Lines of a text file that name what a published file should not; a binary file has none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []
    where = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return [
        f"{where}:{number} {reason}: {match.group()}"
        for number, line in enumerate(lines, start=1)
        for reason, pattern in UNWANTED_TEXTS.items()
        if (match := pattern.search(line))
    ]


def site() -> Outcome:
    """The documentation builds without a warning and asks no other host for anything.

    Not with ``--quiet``: it hides the warnings from ``--strict`` too.
    """
    with tempfile.TemporaryDirectory() as folder:
        built = command("-m", "mkdocs", "build", "--strict", "--site-dir", folder)
        return built if not built.passed else faults(outside_assets(Path(folder)))


def outside_assets(folder: Path) -> list[str]:
    """Scripts, styles, images and fonts that pages below ``folder`` would fetch from elsewhere."""
    pages = [path for path in sorted(folder.rglob("*")) if path.suffix in {".html", ".css"}]
    return [
        f"{path.relative_to(folder)} fetches {match.group()}"
        for path in pages
        for match in OUTSIDE_ASSET.finditer(path.read_text(encoding="utf-8"))
    ]


CHECKS: dict[str, Callable[[], Outcome]] = {
    "format": lambda: command("-m", "ruff", "format", "--check", "."),
    "lint": lambda: command("-m", "ruff", "check", "."),
    "types": lambda: command("-m", "mypy"),
    "layers": layers,
    "rooms": rooms,
    "sizes": lambda: command("tools/sizes.py"),
    "generated": generated,
    "texts": texts,
    "site": site,
}
SHOWN_WHEN_PASSED = ("sizes",)


def main(arguments: list[str] | None = None) -> int:
    """Run the checks chosen, print a line for each and a summary."""
    parser = argparse.ArgumentParser(prog="run.py check", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=list(CHECKS), metavar="NAME", help=", ".join(CHECKS))
    chosen: list[str] = parser.parse_args(arguments).only or list(CHECKS)
    started = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        passed = [report(name, *outcome) for name, outcome in zip(chosen, pool.map(timed, chosen), strict=True)]
    print(f"{sum(passed)} of {len(passed)} checks passed in {time.perf_counter() - started:.1f} s")
    return 0 if all(passed) else 1


def timed(name: str) -> tuple[Outcome, float]:
    """Run one check and measure it."""
    started = time.perf_counter()
    return CHECKS[name](), time.perf_counter() - started


def report(name: str, outcome: Outcome, seconds: float) -> bool:
    """Print one line for a check, and its output where it failed."""
    print(f"{'ok' if outcome.passed else 'FAILED':7s} {name:10s} {seconds:5.1f} s", flush=True)
    if outcome.output and (not outcome.passed or name in SHOWN_WHEN_PASSED):
        print("\n".join(f"        {line}" for line in outcome.output.splitlines()), flush=True)
    return outcome.passed


if __name__ == "__main__":
    sys.exit(main())
