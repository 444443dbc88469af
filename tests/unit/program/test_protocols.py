"""A protocol counts with its versions, and not with what merely begins alike."""

import pytest

from evenload.program.protocols import speaks


@pytest.mark.requirement("R77")
@pytest.mark.parametrize(
    ("told", "asked", "does"),
    [
        ("OCPP 1.6J", "OCPP", True),
        ("OCPP 1.6J", "ocpp 1.6", True),
        ("OCPP (Blink variant)", "OCPP", True),
        ("OpenADR 2.0b", "OpenADR 2.0", True),
        ("OCPP", "OCPP 1.6", False),
        ("OCPP 1.65", "OCPP 1.6", False),
        ("OCPP 2.0", "OCPP 2", False),
        ("OCPPX", "OCPP", False),
        ("OCPP", "", False),
    ],
)
def test_what_is_spoken(told: str, asked: str, does: bool) -> None:
    assert speaks(["none", told], asked) is does
