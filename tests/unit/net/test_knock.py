from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.domain.station import StationId
from evenload.net.knock import Line, read_head, read_knock, station_of
from evenload.net.ports import SecurityProfile

PLAIN, TLS, CERTIFICATE = Line("a"), Line("a", secure=True), Line("a", secure=True, certificate_name="CP1")
STATION = StationId("depot", "CP1")


@pytest.mark.parametrize(
    ("path", "station"),
    [
        ("/ocpp/depot/CP1", StationId("depot", "CP1")),
        ("/ocpp/depot/CP1?x=1", StationId("depot", "CP1")),
        ("/ocpp/depot/CP%2D1", StationId("depot", "CP-1")),
        ("/ocpp/depot/a*b-c_d=e+f|g@h.i", StationId("depot", "a*b-c_d=e+f|g@h.i")),
        ("/ocpp/depot/" + "x" * 48, StationId("depot", "x" * 48)),
        ("/ocpp/depot/" + "x" * 49, None),
        ("/ocpp/depot/", None),
        ("/ocpp/CP1", None),
        ("/ocpp/depot/CP1/", None),
        ("/OCPP/depot/CP1", None),
        ("/ocpp/depot/..", None),
        ("/ocpp/../CP1", None),
        ("/ocpp/depot/%2e%2e", None),
        ("/ocpp/depot/..%2f..%2fetc%2fpasswd", None),
        ("/ocpp/depot/a%2fb", None),
        ("/ocpp/depot/CP1%00", None),
        ("/ocpp/depot/CP1%0a", None),
        ("/ocpp/depot/x'%20OR%20'1'='1", None),
        ("/ocpp/depot/1;DROP%20TABLE%20station--", None),
        ("/ocpp/depot/%ff", None),
        ("/ocpp/dep.ot/CP1", None),
        ("//ocpp/depot/CP1", None),
    ],
)
def test_only_a_plain_path_names_a_station(path: str, station: StationId | None) -> None:
    assert station_of(path) == station


@given(st.text())
def test_no_text_gets_through_with_a_character_that_means_something_elsewhere(text: str) -> None:
    station = station_of(f"/ocpp/depot/{text}")
    if station is not None:
        assert not set(station.identity) & set("/\\'\"; \0\n\r%:$&<>()")
        assert 1 <= len(station.identity) <= 48
        assert station.identity not in (".", "..")


def head(*lines: str) -> bytes:
    return "\r\n".join(("GET /ocpp/depot/CP1 HTTP/1.1", *lines)).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET",
        b"GET / HTTP/1.0",
        b"POST / HTTP/1.1",
        b"GET / HTTP/1.1\r\nno colon",
        b"GET / HTTP/1.1\r\nbad name: x",
        b"GET / HTTP/1.1\r\nAuthorization: Basic a\r\nAuthorization: Basic b",
    ],
)
def test_what_is_no_request_is_not_read(data: bytes) -> None:
    assert read_head(data) is None


@given(st.binary())
def test_no_bytes_break_the_reading(data: bytes) -> None:
    read_head(data)


def test_repeated_subprotocols_are_one_list() -> None:
    read = read_head(head("Sec-WebSocket-Protocol: ocpp1.6", "sec-websocket-protocol: ocpp2.0.1, other"))
    assert read is not None
    knock = read_knock(read, STATION, PLAIN)
    assert knock is not None
    assert knock.subprotocols == ("ocpp1.6", "ocpp2.0.1", "other")


@pytest.mark.parametrize(
    ("line", "password", "profile"),
    [
        (PLAIN, False, SecurityProfile.NONE),
        (PLAIN, True, SecurityProfile.BASIC),
        (TLS, False, SecurityProfile.NONE),
        (TLS, True, SecurityProfile.BASIC_OVER_TLS),
        (CERTIFICATE, False, SecurityProfile.MUTUAL_TLS),
        (CERTIFICATE, True, SecurityProfile.MUTUAL_TLS),
    ],
)
def test_what_is_shown_makes_the_profile(line: Line, password: bool, profile: SecurityProfile) -> None:
    credentials = ["Authorization: Basic " + b64encode(b"CP1:pass:word").decode()] if password else []
    read = read_head(head(*credentials))
    assert read is not None
    knock = read_knock(read, STATION, line)
    assert knock is not None
    assert knock.profile is profile
    assert (knock.user, knock.password) == (("CP1", b"pass:word") if password else ("", None))
    assert "pass" not in repr(knock).replace("password", "")
    assert "UGFzc" not in repr(read)


@pytest.mark.parametrize("value", ["Bearer x", "Basic", "Basic ???", "Basic " + b64encode(b"no colon").decode(), ""])
def test_credentials_that_cannot_be_read_are_refused(value: str) -> None:
    read = read_head(head(f"Authorization: {value}"))
    assert read is not None
    assert read_knock(read, STATION, PLAIN) is None
