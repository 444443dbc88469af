"""What OCPP-J 1.6 answers to what is wrong (section 4.2.3, with its own spelling of three codes)."""

from typing import Final

from evenload.ocpp.dialect import Dialect
from evenload.ocpp.faults import Fault
from evenload.ocpp.v16.wire.actions import ACTIONS

# A message type it does not know is ignored (section 4.1.3), and so is a frame without a readable id.
_CODES: Final = {
    Fault.NOT_A_FRAME: "FormationViolation",
    Fault.BAD_MESSAGE_ID: "FormationViolation",
    Fault.UNKNOWN_ACTION: "NotImplemented",
    Fault.WRONG_DIRECTION: "NotSupported",
    Fault.NOT_AN_OBJECT: "FormationViolation",
    Fault.MISSING_FIELD: "ProtocolError",
    Fault.UNKNOWN_FIELD: "FormationViolation",
    Fault.NULL_FIELD: "TypeConstraintViolation",
    Fault.WRONG_TYPE: "TypeConstraintViolation",
    Fault.NOT_A_TIME: "TypeConstraintViolation",
    Fault.TOO_LONG: "TypeConstraintViolation",
    Fault.NOT_A_VALUE: "PropertyConstraintViolation",
    Fault.OUT_OF_RANGE: "PropertyConstraintViolation",
    Fault.TOO_FEW_ITEMS: "OccurenceConstraintViolation",
    Fault.TOO_MANY_ITEMS: "OccurenceConstraintViolation",
    Fault.TOO_MANY_CALLS: "GenericError",
}

OCPP16: Final = Dialect("ocpp1.6", ACTIONS, _CODES)
