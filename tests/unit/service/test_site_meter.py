"""Where a site's meter is, as it is written."""

import pytest

from evenload.base.errors import InputError
from evenload.service.site_meter import EXAMPLE, check_meter


@pytest.mark.parametrize("text", ["", "rest", "ocpp:CP1", EXAMPLE, "modbus:meter:502/1/30000/int32/input"])
def test_what_says_where_a_meter_is(text: str) -> None:
    check_meter(text)


@pytest.mark.parametrize("text", ["ocpp:", "modbus:foo", "REST", "modbus:h:70000/1/5", "modbus:h:502/1/5*x", "tcp:1"])
def test_what_does_not_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="modbus:192"):
        check_meter(text)
