"""openleadr as the other side: the Alliance's schemas, signatures, and life as VTN and as VEN."""

import base64
import importlib
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from evenload.openadr.v20b import messages as wire
from evenload.openadr.v20b.document import write_message
from evenload.openadr.v20b.signature import Signer

BENCH = Path(__file__).resolve().parents[4] / "bench"
pytestmark = pytest.mark.slow


@pytest.fixture(name="python", scope="session")
def _python() -> Path:
    sys.path.insert(0, str(BENCH))
    try:
        environment = importlib.import_module("peer_environment")
        python: Path = environment.python_of("openleadr")
    except environment.NoEnvironmentError as error:
        pytest.skip(str(error))
    finally:
        sys.path.remove(str(BENCH))
    return python


def checked(python: Path, bodies: Sequence[bytes]) -> list[dict[str, object]]:
    lines = b"".join(base64.b64encode(body) + b"\n" for body in bodies)
    ran = subprocess.run(
        [python, BENCH / "peers" / "run_openleadr.py", "check"], input=lines, capture_output=True, check=True
    )
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.mark.requirement("R78")
def test_the_schemas_take_every_message(python: Path, examples: tuple[wire.AnyMessage, ...]) -> None:
    answers = checked(python, [write_message(message) for message in examples])
    assert len(answers) == len(examples)
    wrong = [(type(message).__name__, answer["why"]) for message, answer in zip(examples, answers, strict=True)
             if not answer["ok"]]  # fmt: skip
    assert wrong == []


def test_a_schema_that_takes_anything_would_be_noticed(python: Path) -> None:
    (answer,) = checked(python, [write_message(wire.Poll(ven_id="v1")).replace(b"ei:venID", b"ei:vtnID")])
    assert answer["ok"] is False


@pytest.mark.requirement("R78")
def test_openleadr_verifies_what_is_signed_here(python: Path, examples: tuple[wire.AnyMessage, ...]) -> None:
    held = trustme.CA().issue_cert("ven.example")
    key = load_pem_private_key(held.private_key_pem.bytes(), None)
    signer = Signer(key, held.cert_chain_pems[0].bytes().decode())  # type: ignore[arg-type]  # trustme makes EC keys
    now = datetime.now(UTC)
    signed = [signer.write(message, f"n{number}", now) for number, message in enumerate(examples)]
    assert [answer for answer in checked(python, signed) if not answer["ok"]] == []
    (forged,) = checked(python, [signed[0].replace(b">v1<", b">v2<")])
    assert forged["ok"] is False
