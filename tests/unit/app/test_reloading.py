"""Certificates that change while the server runs: taken over when they can be used, else all stays as it was."""

import asyncio
import logging
import os
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from evenload.app import reloading
from evenload.app.reloading import Reloader, authority_of, tls_of
from evenload.app.settings import Settings

pytestmark = pytest.mark.requirement("R79")


class Doors:
    """A server that is only told of other certificates."""

    def __init__(self) -> None:
        self.contexts: list[ssl.SSLContext] = []

    async def renew_tls(self, tls: ssl.SSLContext) -> None:
        self.contexts.append(tls)


class Signer:
    authority: Any = None


def write(settings: Settings) -> trustme.CA:
    ca = trustme.CA()
    issued = ca.issue_cert("localhost")
    for file, blob in (
        (settings.tls_certificate, issued.cert_chain_pems[0]), (settings.tls_key, issued.private_key_pem),
        (settings.stations_ca, ca.cert_pem), (settings.stations_ca_key, ca.private_key_pem),
    ):  # fmt: skip
        assert file is not None
        file.write_bytes(blob.bytes())
    return ca


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(
        tls_certificate=tmp_path / "a.pem", tls_key=tmp_path / "a.key",
        stations_ca=tmp_path / "ca.pem", stations_ca_key=tmp_path / "ca.key",
    )  # fmt: skip
    write(made)
    return made


def play(
    settings: Settings, scene: Callable[[Reloader, Doors, Signer], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reloading, "PERIOD_S", 0.02)

    async def run() -> None:
        doors, signer = Doors(), Signer()
        reloader = Reloader(settings, doors, signer)  # type: ignore[arg-type]
        running = asyncio.ensure_future(reloader.run())
        await scene(reloader, doors, signer)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(asyncio.wait_for(run(), 10))


async def until(what: Callable[[], object]) -> None:
    while not what():
        await asyncio.sleep(0.005)


def test_files_that_change_are_read_again_and_others_not(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "evenload")

    async def scene(_: Reloader, doors: Doors, signer: Signer) -> None:
        await asyncio.sleep(0.1)
        assert doors.contexts == []
        write(settings)
        await until(lambda: signer.authority)
        assert len(doors.contexts) >= 1
        assert signer.authority.certificate == authority_of(settings).certificate  # type: ignore[union-attr]
        await asyncio.sleep(0.1)
        renewed = len(doors.contexts)
        await asyncio.sleep(0.1)
        assert len(doors.contexts) == renewed

    play(settings, scene, monkeypatch)
    assert "event=certificates_reloaded" in caplog.text


def test_a_signal_reads_all_at_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(reloader: Reloader, doors: Doors, _: Signer) -> None:
        reloader.at_once()
        await until(lambda: len(doors.contexts) == 1)

    play(settings, scene, monkeypatch)


@pytest.mark.parametrize("broken", ["tls_certificate", "tls_key", "stations_ca", "stations_ca_key"])
@pytest.mark.parametrize("how", ["gone", "half"])
def test_files_that_cannot_be_used_change_nothing_are_said_once_and_mended_later(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, broken: str, how: str
) -> None:
    file: Path = getattr(settings, broken)
    whole = file.read_bytes()

    async def scene(_: Reloader, doors: Doors, signer: Signer) -> None:
        if how == "gone":
            file.unlink()
        else:
            file.write_bytes(whole[: len(whole) // 2])
        await until(lambda: "certificates_kept" in caplog.text)
        await asyncio.sleep(0.1)
        assert (doors.contexts, signer.authority) == ([], None)
        assert caplog.text.count("certificates_kept") == 1
        assert file.name in caplog.text
        part = file.with_suffix(".new")
        part.write_bytes(whole)
        os.replace(part, file)  # noqa: PTH105 - as a program for certificates does
        await until(lambda: doors.contexts)

    play(settings, scene, monkeypatch)


def test_nothing_to_read_without_encryption() -> None:
    assert tls_of(Settings()) is None
    assert authority_of(Settings()) is None
