"""Messages as bytes and back: nothing is lost, nothing dangerous is taken."""

import re
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.openadr.v20b import messages as wire
from evenload.openadr.v20b.document import BYTES_MAX, read_message, write_message
from evenload.openadr.v20b.events import Distributed, Event
from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.forms import FORMS, NAMES
from evenload.openadr.v20b.values import read_duration, read_instant, write_duration, write_instant

POLL = write_message(wire.Poll(ven_id="v1")).decode()


def code_of(body: bytes) -> int:
    with pytest.raises(ProtocolError) as refused:
        read_message(body)
    return refused.value.code


@pytest.mark.requirement("R78")
def test_each_message_comes_back_as_it_was(examples: tuple[wire.AnyMessage, ...]) -> None:
    assert {NAMES[type(message)] for message in examples} == set(FORMS)
    for message in examples:
        assert read_message(write_message(message)) == message


def test_every_field_of_an_event_is_on_the_wire(full_event: Event) -> None:
    unset = [name for name in full_event.__struct_fields__ if getattr(full_event, name) in (None, ())]
    assert unset == []
    body = write_message(wire.DistributeEvent(request_id="", vtn_id="", events=(Distributed(event=full_event),)))
    for element in ("startafter>PT10M<", "x-eiRampUp><xcal:duration>PT5M<", "x-eiRecovery><xcal:duration>PT20M<",
                    "x-eiNotification><xcal:duration>PT4H<", "testEvent>true<", "priority>1<"):  # fmt: skip
        assert element in body.decode()


def test_elements_are_read_in_any_order_and_under_any_prefix() -> None:
    mixed = """<p:oadrPayload xmlns:p="http://openadr.org/oadr-2.0b/2012/07" xmlns:x="urn:other"><p:oadrSignedObject>
        <p:oadrRequestEvent><x:eiRequestEvent><x:replyLimit> 2 </x:replyLimit><x:venID>v1</x:venID>
        <!-- why not --><x:requestID>q</x:requestID></x:eiRequestEvent></p:oadrRequestEvent>
        </p:oadrSignedObject></p:oadrPayload>"""
    assert read_message(mixed.encode()) == wire.RequestEvent(request_id="q", ven_id="v1", reply_limit=2)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", Code.COMPLIANCE_ERROR),
        (b"\x00\xff", Code.COMPLIANCE_ERROR),
        (b"<oadrPayload>", Code.COMPLIANCE_ERROR),
        (b"<other/>", Code.COMPLIANCE_ERROR),
        (b"<oadrPayload/>", Code.COMPLIANCE_ERROR),
        (b"<oadrPayload><oadrSignedObject/></oadrPayload>", Code.COMPLIANCE_ERROR),
        (b"<oadrPayload><oadrSignedObject><oadrFoo/></oadrSignedObject></oadrPayload>", Code.NOT_RECOGNISED),
        (b"<oadrPayload><oadrSignedObject><oadrPoll/></oadrSignedObject></oadrPayload>", Code.INVALID_DATA),
        (POLL.replace("</oadr:oadrPoll>", "</oadr:oadrPoll><oadr:oadrPoll/>").encode(), Code.COMPLIANCE_ERROR),
        (b"<oadrPayload>" + b"<a>" * 256 + b"</a>" * 256 + b"</oadrPayload>", Code.COMPLIANCE_ERROR),
        (b"<oadrPayload>" + b"<a/>" * 60_000 + b"</oadrPayload>", Code.COMPLIANCE_ERROR),
        (POLL.replace(">v1<", f">{'v' * 5000}<").encode(), Code.INVALID_DATA),
        (b" " * (BYTES_MAX + 1), Code.COMPLIANCE_ERROR),
    ],
)
def test_what_is_no_message_is_refused_with_a_code(body: bytes, code: Code) -> None:
    assert code_of(body) == code


def test_entities_are_neither_expanded_nor_fetched() -> None:
    laughs = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    fetched = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    for doctype in (laughs, fetched, "<!DOCTYPE l>"):
        body = re.sub(r"<\?xml.*?\?>", "", POLL)
        assert code_of((doctype + body.replace("v1", "&a;" if "ENTITY" in doctype else "v1")).encode()) == 459


def test_a_document_type_in_another_encoding_is_seen() -> None:
    body = re.sub(r"<\?xml.*?\?>", '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE l>', POLL)
    assert code_of(body.encode("utf-16")) == Code.COMPLIANCE_ERROR
    assert isinstance(read_message(body.replace("<!DOCTYPE l>", "").encode("utf-16")), wire.Poll)


def test_the_id_of_a_request_that_cannot_be_read_is_known() -> None:
    body = write_message(wire.RequestEvent(request_id="q7", ven_id="v1", reply_limit=1)).replace(b">1<", b">-1<")
    with pytest.raises(ProtocolError) as refused:
        read_message(body)
    assert (refused.value.request_id, refused.value.code) == ("q7", Code.INVALID_DATA)


@pytest.mark.parametrize(
    "text", ["2026-01-12T17:00:00", "2026-01-12", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00", "now", ""]
)
def test_an_instant_nobody_can_place_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        read_instant(text)


def test_instants_and_durations_by_hand() -> None:
    assert write_instant(read_instant("2026-01-12T18:00:00.25+01:00")) == "2026-01-12T17:00:00.250000Z"
    assert read_duration("P1DT2H3M4S") == timedelta(days=1, hours=2, minutes=3, seconds=4)
    assert read_duration("P1M") == timedelta(days=30)
    assert read_duration("PT1M") == timedelta(minutes=1)
    assert read_duration("P9999Y") == timedelta(days=36525)
    assert write_duration(timedelta(0)) == "PT0S"
    for wrong in ("P", "PT", "-PT5M", "5M", "PT5", "PT1e9S", "P99999999999D"):
        with pytest.raises(ProtocolError):
            read_duration(wrong)


@given(st.integers(0, 36525 * 86400))
def test_durations_come_back(seconds: int) -> None:
    assert read_duration(write_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(body: bytes) -> None:
    with suppress(ProtocolError):
        assert isinstance(read_message(body), wire.Message)


@given(st.integers(0, len(POLL) - 1), st.characters(codec="utf-8"))
def test_no_change_of_one_character_raises_anything_else(at: int, letter: str) -> None:
    try:
        message = read_message((POLL[:at] + letter + POLL[at + 1 :]).encode())
    except ProtocolError:
        return
    assert isinstance(message, wire.Poll)


@pytest.mark.parametrize("number", ["NaN", "INF", "1e999", "0x10", "1,5", "", "--1"])
def test_numbers_that_are_none_are_refused(number: str, examples: tuple[wire.AnyMessage, ...]) -> None:
    update = next(message for message in examples if isinstance(message, wire.UpdateReport))
    body = write_message(update).replace(b"<ei:value>7.25<", f"<ei:value>{number}<".encode())
    assert code_of(body) == Code.INVALID_DATA
