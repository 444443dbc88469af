"""Main meters: addresses, and meters that answer, refuse, hang, go and come back."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import ModbusTcpServer

from evenload.app.meters import AskedMeter, ModbusMeter, ToldMeter, meter_of
from evenload.app.view import LiveView
from evenload.base.errors import InputError
from evenload.domain.station import StationId
from evenload.service.guard import Metered
from evenload.service.live_rows import SiteRow
from evenload.service.site_meter import EXAMPLE, ModbusAddress, modbus_address

NOW = datetime(2026, 1, 10, 17, tzinfo=UTC)
KINDS = AsyncModbusTcpClient.DATATYPE


def test_the_address_in_the_message_is_one() -> None:
    assert modbus_address(EXAMPLE) == ModbusAddress("192.168.1.5", 502, 1, 19026, "float32", "holding", 0.001)


@given(
    st.integers(0, 65_535), st.integers(0, 255), st.integers(0, 65_535), st.floats(1e-6, 1e6),
    st.sampled_from(["int16", "uint16", "int32", "uint32", "float32"]), st.sampled_from(["holding", "input"]),
)  # fmt: skip
def test_an_address_is_read_as_it_is_written(
    port: int, unit: int, register: int, scale: float, kind: str, table: str
) -> None:
    text = f"modbus:meter.example:{port}/{unit}/{register}/{kind}/{table}*{scale!r}"
    assert modbus_address(text) == ModbusAddress("meter.example", port, unit, register, kind, table, scale)


@pytest.mark.parametrize(
    "text",
    [
        "modbus:10.0.0.1", "modbus:10.0.0.1:502", "modbus:10.0.0.1:70000/1/100", "modbus:10.0.0.1:502/256/100",
        "modbus:10.0.0.1:502/1/70000", "modbus:10.0.0.1:502/1/100/float64", "modbus:10.0.0.1:502/1/100*0",
        "modbus:10.0.0.1:502/1/100*e", "modbus:10.0.0.1:502/1/100*1e999", "ocpp:", "REST", "mbus:1",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match=r"write .*modbus:192\.168\.1\.5"):
        meter_of(SiteRow("home", "depot", meter=text), LiveView(), lambda: NOW, _asked_nobody, lambda: 0.0)


async def _asked_nobody(station: StationId) -> None:
    raise AssertionError(f"{station} was asked")


def test_a_site_without_a_meter_has_none_and_one_that_is_told_is_heard() -> None:
    view = LiveView(load={("home", "depot"): Metered(NOW, 7.0)})
    assert meter_of(SiteRow("home", "depot"), view, lambda: NOW, _asked_nobody, lambda: 0.0) is None
    told = meter_of(SiteRow("home", "depot", meter="rest"), view, lambda: NOW, _asked_nobody, lambda: 0.0)
    assert isinstance(told, ToldMeter)
    assert asyncio.run(told.read()) == Metered(NOW, 7.0)


def test_a_station_is_asked_once_a_second_while_it_tells_nothing_and_never_while_it_owes_an_answer() -> None:
    async def run() -> list[float]:
        seconds, asked, answers = [0.0], [], asyncio.Event()

        async def ask() -> None:
            asked.append(seconds[0])
            await answers.wait()

        last = [Metered(NOW, 1.0)]
        meter = AskedMeter(lambda: last[0], ask, lambda: seconds[0])
        for at in (0.0, 0.5, 1.0, 3.0):
            seconds[0] = at
            assert await meter.read() is last[0]
            await asyncio.sleep(0)
        answers.set()
        await asyncio.sleep(0)
        last[0] = Metered(NOW, 2.0)
        for at in (3.5, 4.0, 4.5):
            seconds[0] = at
            await meter.read()
            await asyncio.sleep(0)
        meter.close()
        return asked

    assert asyncio.run(run()) == [1.0, 4.5]


@asynccontextmanager
async def server(answers: list[Any], port: int = 0) -> AsyncIterator[int]:
    """A Modbus TCP server whose registers are replaced by what is in ``answers``; ``None`` for no answer."""

    def answer(sending: bool, pdu: Any) -> Any:
        if sending and hasattr(pdu, "registers") and answers[0] is not None:
            pdu.registers = answers[0]
        return pdu

    context = ModbusServerContext(ModbusDeviceContext(hr=ModbusSequentialDataBlock(1, [0] * 200)), single=True)
    made = ModbusTcpServer(context, address=("127.0.0.1", port), trace_pdu=answer)
    await made.serve_forever(background=True)
    try:
        yield made.transport.sockets[0].getsockname()[1]
    finally:
        await made.shutdown()


@pytest.mark.parametrize(
    ("kind", "scale", "value"),
    [(KINDS.FLOAT32, 0.001, 43_500.0), (KINDS.INT16, 0.01, -4_350), (KINDS.UINT32, 1e-3, 43_500)],
)  # fmt: skip
def test_a_register_is_read_in_its_kind_and_scaled_to_kw(kind: Any, scale: float, value: float) -> None:
    async def run() -> Metered | None:
        registers = AsyncModbusTcpClient.convert_to_registers(value, kind)
        async with server([registers]) as port:
            meter = ModbusMeter(
                modbus_address(f"modbus:127.0.0.1:{port}/1/100/{kind.name.lower()}*{scale}"), lambda: NOW
            )
            found = await meter.read()
            meter.close()
            return found

    found = asyncio.run(run())
    assert found is not None
    assert found.at == NOW
    assert found.power_kw == pytest.approx(value * scale)


def test_a_meter_that_goes_is_said_once_and_is_read_again_when_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watts = AsyncModbusTcpClient.convert_to_registers(5_000.0, KINDS.FLOAT32)

    async def run() -> None:
        async with server([watts]) as port:
            meter = ModbusMeter(modbus_address(f"modbus:127.0.0.1:{port}/1/100"), lambda: NOW)
            assert await meter.read() == Metered(NOW, pytest.approx(5.0))
        assert [await meter.read() for _ in range(3)] == [None, None, None]
        async with server([watts], port):
            assert await meter.read() == Metered(NOW, pytest.approx(5.0))
        meter.close()

    asyncio.run(run())
    said = [record.getMessage().partition(" ")[0] for record in caplog.records if record.name == "evenload.app.meters"]
    assert said == ["event=meter_silent", "event=meter_answers"]
    assert not [record for record in caplog.records if record.name.startswith("pymodbus")]


def test_a_register_that_is_not_there_and_one_that_holds_no_number_tell_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> None:
        answers: list[Any] = [None]
        async with server(answers) as port:
            missing = ModbusMeter(modbus_address(f"modbus:127.0.0.1:{port}/1/60000"), lambda: NOW)
            assert await missing.read() is None
            answers[0] = AsyncModbusTcpClient.convert_to_registers(nan, KINDS.FLOAT32)
            empty = ModbusMeter(modbus_address(f"modbus:127.0.0.1:{port}/1/100"), lambda: NOW)
            assert await empty.read() is None
            missing.close()
            empty.close()

    asyncio.run(run())
    assert "it refuses" in caplog.text
    assert "nan is no number" in caplog.text


def test_a_meter_that_takes_the_line_and_says_nothing_is_not_waited_for_for_long() -> None:
    async def run() -> float:
        hangs = asyncio.Event()

        async def take(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await hangs.wait()
            writer.close()

        silent = await asyncio.start_server(take, "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        meter = ModbusMeter(modbus_address(f"modbus:127.0.0.1:{port}/1/100"), lambda: NOW)
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await meter.read() is None
        hangs.set()
        silent.close()
        await asyncio.sleep(0.01)
        return loop.time() - began

    assert asyncio.run(run()) < 5.0
