"""Polls a second that a VTN of OpenADR 2.0b answers in process, beside openleadr's, signatures off and on.

    python bench/openadr20b.py [--seconds 3] [--vens 1000] [--json]

Each poll goes from bytes to bytes through the ASGI application, without a socket; openleadr's goes through its own
handler in the same way, in an environment of its own, right before and right after. Both have nothing to tell.
"""

import argparse
import asyncio
import json
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from msgspec.structs import replace

from evenload.domain.event import Event as Asked
from evenload.domain.event import EventKind
from evenload.net.openadr20b_server import PATH, OpenAdr20bServer
from evenload.openadr.v20b import messages as wire
from evenload.openadr.v20b.document import write_message
from evenload.openadr.v20b.envelope import Envelope
from evenload.openadr.v20b.keeping import MemoryKeeper
from evenload.openadr.v20b.parts import Target
from evenload.openadr.v20b.replay import ReplayGuard
from evenload.openadr.v20b.signature import Signer, fingerprint
from evenload.openadr.v20b.translate import from_domain
from evenload.openadr.v20b.vtn import Vtn
from evenload.openadr.v20b.vtn_records import Ven, VtnSettings
from peer_environment import NoEnvironmentError, python_of

NUMBERS = count()


def new_id() -> str:
    return f"id{next(NUMBERS)}"


def now() -> datetime:
    return datetime.now(UTC)


def signer(kind: str) -> tuple[Signer, str]:
    held = trustme.CA().issue_cert("ven.example", key_type=trustme.KeyType[kind])
    pem = held.cert_chain_pems[0].bytes().decode()
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    return Signer(load_pem_private_key(held.private_key_pem.bytes(), None), pem), fingerprint(der)  # type: ignore[arg-type]


def serving(vens: int, held: tuple[Signer, str] | None) -> OpenAdr20bServer:
    """A VTN with VENs that have registered; where signatures are on all of them have one certificate's."""
    vtn = Vtn(VtnSettings(vtn_id="vtn", needs_identity=False), MemoryKeeper(), new_id)
    for number in range(vens if held is None else 1):
        ven_id = f"ven-{number}"
        vtn.enrol(Ven(ven_id=ven_id, name=ven_id, fingerprint=None if held is None else held[1]))
        message = wire.CreateRegistration(request_id="q", ven_id=ven_id)
        vtn.answer("EiRegisterParty", message, None if held is None else held[1], now())
    trusts: Callable[[str], bool] = (lambda _: False) if held is None else held[1].__eq__
    sealing = Envelope(new_id, trusts, ReplayGuard(), signer=None if held is None else held[0],
                       needs_signature=held is not None)  # fmt: skip
    return OpenAdr20bServer(vtn.answer, sealing, now)


async def polled(server: OpenAdr20bServer, bodies: list[bytes], seconds: float) -> float:
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": PATH + "OadrPoll", "headers": [], "client": None}
    sent: list[Any] = []
    taken = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": bodies[taken % len(bodies)], "more_body": False}

    async def send(message: object) -> None:
        sent.append(message)

    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds and taken < len(bodies) * (1 if b"Signature" in bodies[0] else 10**9):
        await server(scope, receive, send)
        if b"responseCode>200<" not in sent[1]["body"]:
            raise SystemExit(f"a poll was not answered well: {sent}")
        sent.clear()
        taken += 1
    return taken / (time.perf_counter() - begin)


def ours(vens: int, seconds: float, kind: str | None) -> float:
    held = None if kind is None else signer(kind)
    server = serving(vens, held)
    if held is None:
        bodies = [write_message(wire.Poll(ven_id=f"ven-{number}")) for number in range(vens)]
    else:  # each signature is taken once
        bodies = [held[0].write(wire.Poll(ven_id="ven-0"), new_id(), now()) for _ in range(round(1000 * seconds))]
    return asyncio.run(polled(server, bodies, seconds))


def restart_s(events: int, vens: int) -> tuple[float, int]:
    """Seconds until a VTN with so many open events is there again and has told all; and how many it told."""
    keeper = MemoryKeeper()
    settings = VtnSettings(vtn_id="vtn", needs_identity=False)
    before = Vtn(settings, keeper, new_id)
    for number in range(vens):
        before.enrol(Ven(ven_id=f"ven-{number}", name=f"ven-{number}"))
        message = wire.CreateRegistration(request_id="q", ven_id=f"ven-{number}")
        before.answer("EiRegisterParty", message, None, now())
    for number in range(events):
        asked = Asked(f"e{number}", EventKind.LIMIT, now(), now() + timedelta(hours=1), power_kw=100.0)
        target = Target(ven_ids=(f"ven-{number % vens}",))
        before.publish(replace(from_domain(asked, "http://market.example", now()), target=target))
    begin, told = time.perf_counter(), 0
    after = Vtn(settings, keeper, new_id)
    for number in range(vens):
        reply = after.answer("OadrPoll", wire.Poll(ven_id=f"ven-{number}"), None, now()).message
        told += len(reply.events) if isinstance(reply, wire.DistributeEvent) else 0
    return time.perf_counter() - begin, told


def openleadrs(seconds: float) -> float | None:
    try:
        python = python_of("openleadr")
    except NoEnvironmentError as error:
        print(f"openleadr: {error}")
        return None
    script = Path(__file__).resolve().parent / "peers" / "run_openleadr.py"
    ran = subprocess.run([python, script, "polls", str(seconds)], capture_output=True, check=True, text=True)
    return float(json.loads(ran.stdout)["polls_per_s"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--vens", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    pairs = [  # by turns, since the machine has other work
        (openleadrs(chosen.seconds), ours(chosen.vens, chosen.seconds, None)) for _ in range(chosen.rounds)
    ]
    took, told = restart_s(10_000, 1_000)
    rows = {
        "openleadr_polls_per_s": None if pairs[0][0] is None else round(median(theirs or 0 for theirs, _ in pairs)),
        "polls_per_s": round(median(mine for _, mine in pairs)),
        "ratio": None if pairs[0][0] is None else round(median(mine / (theirs or 1) for theirs, mine in pairs), 2),
        "signed_ecdsa_polls_per_s": round(ours(chosen.vens, chosen.seconds, "ECDSA")),
        "restart_10000_events_s": round(took, 2),
        "told_after_restart": told,
        "signed_rsa_polls_per_s": round(ours(chosen.vens, chosen.seconds, "RSA")),
    }
    print(
        json.dumps(rows, indent=1) if chosen.json else "\n".join(f"{name:28s} {value}" for name, value in rows.items())
    )


if __name__ == "__main__":
    main()
