"""Sending by Apprise, to a mail server and a web server of this test, and what is told where it does not work."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_string
from email.header import decode_header, make_header
from pathlib import Path

import pytest

from evenload.base.errors import InputError
from evenload.net.notify import AppriseNotifier, DryRunNotifier, check_template, filled, masked, without_addresses


@dataclass
class MailServer:
    """Takes mail by SMTP (RFC 5321), as little as it takes; ``refuses`` recipients that begin with it."""

    refuses: str = "\0"
    mails: list[tuple[list[str], str]] = field(default_factory=list)
    port: int = 0

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        recipients: list[str] = []
        while line := (await reader.readline()).decode():
            verb = line[:4].upper().strip()
            if verb == "RCPT":
                recipients.append(line.partition("<")[2].partition(">")[0])
                answer = "550 no such user" if recipients[-1].startswith(self.refuses) else "250 OK"
            elif verb == "DATA":
                writer.write(b"354 go on\r\n")
                text = (await reader.readuntil(b"\r\n.\r\n")).decode()
                self.mails.append((recipients, text))
                answer = "250 OK"
            else:
                answer = {"EHLO": "250 test", "QUIT": "221 bye"}.get(verb, "250 OK")
            writer.write(f"{answer}\r\n".encode())
            if verb == "QUIT":
                break
        writer.close()


@dataclass
class WebServer:
    """Answers every request alike; ``hangs`` never."""

    status: str = "200 OK"
    hangs: bool = False
    bodies: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    port: int = 0

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(one.split(":")[1]) for one in head.splitlines() if one.lower().startswith("content-length"))
        body = await reader.readexactly(length)
        self.paths.append(head.split()[1])
        self.bodies.append(json.loads(body))
        if self.hangs:
            await reader.read()
        else:
            writer.write(f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        writer.close()


@asynccontextmanager
async def listening(server: MailServer | WebServer) -> AsyncIterator[int]:
    opened = await asyncio.start_server(server.speak, "127.0.0.1", 0)
    try:
        yield int(opened.sockets[0].getsockname()[1])
    finally:
        opened.close()


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What reaches the logs of a program: pytest's own handlers listen to loggers that keep to themselves too."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield told
    root.setLevel(before)
    root.removeHandler(handler)


def mail_url(port: int) -> str:
    return f"mailto://127.0.0.1:{port}?from=grid@example.org&to={{address}}&mode=insecure"


def test_mail_arrives_as_it_was_written(logged: io.StringIO) -> None:
    async def send() -> None:
        async with listening(server) as port:
            notifier = AppriseNotifier({"email": mail_url(port)})
            went = await notifier.send("email", ["ann+ev@example.org"], "Ærlig talt: 40 %", "Line 1\n\nLine 2 <b>")
            notifier.close()
            assert went.fault == ""

    server = MailServer()
    asyncio.run(send())
    ((recipients, text),) = server.mails
    mail = message_from_string(text)
    assert recipients == ["ann+ev@example.org"]
    assert str(make_header(decode_header(mail["Subject"]))) == "Ærlig talt: 40 %"
    body = mail.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert "Line 2 <b>" in body.decode()
    assert "ann+ev" not in logged.getvalue()


def test_an_address_can_be_nothing_but_an_address() -> None:
    assert filled("mailto://h?to={address}", "a@b.org&smtp=evil.org") == "mailto://h?to=a%40b.org%26smtp%3Devil.org"
    assert filled("ntfy://host/{address}", "../x?auth=1") == "ntfy://host/..%2Fx%3Fauth%3D1"
    assert filled("{address}", "ntfy://host/topic") == "ntfy://host/topic"


def test_a_webhook_gets_what_was_written_and_only_once() -> None:
    async def send() -> None:
        async with listening(server) as port:
            notifier = AppriseNotifier({"sms": f"json://127.0.0.1:{port}/send/{{address}}"})
            assert (await notifier.send("sms", ["+4712345678", "+4787654321"], "T", "short")).fault == ""
            notifier.close()

    server = WebServer()
    asyncio.run(send())
    assert [(one["title"], one["message"]) for one in server.bodies] == [("T", "short")]  # one of them took it
    assert "4712345678" in server.paths[0]


@pytest.mark.parametrize("status", ["401 Unauthorized", "500 Oops"])
def test_what_went_wrong_is_told_without_addresses(status: str, logged: io.StringIO) -> None:
    async def send() -> str:
        async with listening(WebServer(status)) as port:
            notifier = AppriseNotifier({"push": f"json://bob:s3cr3tpw@127.0.0.1:{port}/key-77/{{address}}"})
            went = await notifier.send("push", ["topic-ann"], "T", "text")
            notifier.close()
            assert went.is_certain
            return went.fault

    fault = asyncio.run(send())
    assert status.split(maxsplit=1)[0] in fault
    for secret in ("s3cr3tpw", "key-77", "topic-ann"):
        assert secret not in fault + logged.getvalue()


def test_a_server_that_is_not_there_and_one_that_says_no() -> None:
    async def send() -> tuple[str, str]:
        async with listening(MailServer()) as port:
            pass  # nobody listens there any more
        notifier = AppriseNotifier({"email": mail_url(port)}, timeout_s=5)
        gone = await notifier.send("email", ["ann@example.org"], "T", "text")
        async with listening(MailServer(refuses="nobody")) as port:
            refusing = AppriseNotifier({"email": mail_url(port)}, timeout_s=5)
            refused = await refusing.send("email", ["nobody@example.org"], "T", "text")
        return gone.fault, refused.fault

    for fault in asyncio.run(send()):
        assert fault
        assert "@example.org" not in fault


def test_a_service_that_hangs_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evenload.net.notify.GRACE_S", 0.5)

    async def send() -> str:
        async with listening(WebServer(hangs=True)) as port:
            notifier = AppriseNotifier({"push": f"json://127.0.0.1:{port}/{{address}}?rto=1"}, timeout_s=2)
            loop = asyncio.get_running_loop()
            began = loop.time()
            went = await notifier.send("push", ["topic"], "T", "text")
            assert loop.time() - began < 4
            notifier.close()
            return went.fault

    assert asyncio.run(send())


def test_where_nothing_is_set_up_nothing_leaves(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "out.jsonl"
    with caplog.at_level(logging.INFO):
        assert asyncio.run(DryRunNotifier(file).send("email", ["ann@example.org"], "T", "text of it")).fault == ""
        assert asyncio.run(DryRunNotifier().send("sms", ["+4712345678"], "T", "text")).fault == ""
    told = {"way": "email", "to": ["a***@example.org"], "subject": "T", "text": "text of it"}
    assert json.loads(file.read_text(encoding="utf-8")) == told
    assert "text of it" not in caplog.text
    assert "ann@" not in caplog.text
    assert asyncio.run(DryRunNotifier(tmp_path).send("sms", ["+47"], "T", "t")).fault.endswith("Is a directory")


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("mailto://user:hunter2pw@example.org", "must stand where"),
        ("mailtoo://user:hunter2pw@example.org?to={address}", "not the address of a service"),
        ("https://example.org/{address}/hunter2pw", "not the address of a service"),
    ],
)
def test_a_template_that_is_none_is_refused_without_repeating_it(template: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as told:
        check_template("notify_email_url", template)
    assert "hunter2pw" not in str(told.value)


def test_templates_of_services_are_taken() -> None:
    for template in ("mailtos://user:pw@example.org?to={address}", "ntfys://example.org/{address}", "{address}"):
        check_template("notify_push_url", template)


def test_little_is_shown_of_an_address() -> None:
    found = [masked(one) for one in ("ann@example.org", "+4712345678", "topic")]
    assert found == ["a***@example.org", "+4***78", "***"]
    text = without_addresses("to ann@x.org failed for secret99", "mailto://u:secret99@h?to=ann%40x.org")
    assert "secret99" not in text
