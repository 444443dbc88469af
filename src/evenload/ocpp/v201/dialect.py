"""What OCPP-J 2.0.1 answers to what is wrong (Part 4, sections 4.2.3, 4.3 and 4.4)."""

from typing import Final

from evenload.ocpp.dialect import Dialect
from evenload.ocpp.faults import Fault
from evenload.ocpp.v201.wire.actions import ACTIONS

_CODES: Final = {
    Fault.TOO_LARGE: "RpcFrameworkError",
    Fault.NOT_JSON: "RpcFrameworkError",
    Fault.NOT_A_FRAME: "RpcFrameworkError",
    Fault.BAD_MESSAGE_ID: "RpcFrameworkError",
    Fault.UNKNOWN_MESSAGE_TYPE: "MessageTypeNotSupported",
    Fault.UNKNOWN_ACTION: "NotImplemented",
    Fault.WRONG_DIRECTION: "NotSupported",
    Fault.NOT_AN_OBJECT: "FormatViolation",
    Fault.MISSING_FIELD: "OccurrenceConstraintViolation",
    Fault.UNKNOWN_FIELD: "ProtocolError",
    Fault.NULL_FIELD: "TypeConstraintViolation",
    Fault.WRONG_TYPE: "TypeConstraintViolation",
    Fault.NOT_A_TIME: "TypeConstraintViolation",
    Fault.TOO_LONG: "TypeConstraintViolation",
    Fault.NOT_A_VALUE: "PropertyConstraintViolation",
    Fault.OUT_OF_RANGE: "PropertyConstraintViolation",
    Fault.TOO_FEW_ITEMS: "OccurrenceConstraintViolation",
    Fault.TOO_MANY_ITEMS: "OccurrenceConstraintViolation",
    Fault.TOO_MANY_CALLS: "GenericError",
}

OCPP201: Final = Dialect("ocpp2.0.1", ACTIONS, _CODES, unreadable_id="-1")
