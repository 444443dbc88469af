"""Ports: taken, or refused with a sentence that says what to do."""

import asyncio
import socket

import pytest

from evenload.app.listening import cannot_listen, listening_at
from evenload.base.errors import InputError


def taken() -> socket.socket:
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    one.listen()
    return one


def test_a_host_is_listened_on_at_all_its_addresses_with_one_port() -> None:
    made = asyncio.run(listening_at("localhost", 0, "api_port"))
    try:
        assert len({one.getsockname()[1] for one in made}) == 1
        with socket.create_connection(("127.0.0.1", made[0].getsockname()[1]), timeout=5):
            pass
    finally:
        for one in made:
            one.close()


def test_a_port_in_use_is_said_to_be_and_the_setting_is_named() -> None:
    with taken() as one, pytest.raises(InputError, match=r"it is in use: .*choose another with the setting api_port"):
        asyncio.run(listening_at("127.0.0.1", one.getsockname()[1], "api_port"))


@pytest.mark.parametrize(("host", "why"), [("300.1.1.1", "no such address"), ("192.0.2.1", "this machine has no such")])
def test_an_address_that_is_not_ours_is_not_said_to_be_in_use(host: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as caught:
        asyncio.run(listening_at(host, 0, "api_port"))
    assert "in use" not in str(caught.value)


def test_what_nobody_foresaw_is_told_as_the_system_tells_it() -> None:
    assert str(cannot_listen("h", 1, "port", OSError("odd"))) == "cannot listen on h port 1: odd"
