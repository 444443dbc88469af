"""The versions spoken, by the name of their WebSocket subprotocol."""

from collections.abc import Mapping
from typing import Final

from evenload.ocpp.dialect import Dialect
from evenload.ocpp.v16.dialect import OCPP16
from evenload.ocpp.v201.dialect import OCPP201

DIALECTS: Final[Mapping[str, Dialect]] = {dialect.subprotocol: dialect for dialect in (OCPP201, OCPP16)}
