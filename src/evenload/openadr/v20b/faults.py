"""What an OpenADR 2.0b message is answered with where it cannot be done as asked."""

from enum import IntEnum

from evenload.base.errors import InputError


class Code(IntEnum):
    """Response codes of OpenADR 2.0b (profile B specification, "Application error codes")."""

    OK = 200
    OUT_OF_SEQUENCE = 450
    NOT_ALLOWED = 451
    INVALID_ID = 452
    NOT_RECOGNISED = 453
    INVALID_DATA = 454
    COMPLIANCE_ERROR = 459
    SIGNAL_NOT_SUPPORTED = 460
    REPORT_NOT_SUPPORTED = 461
    TARGET_MISMATCH = 462
    NOT_REGISTERED = 463
    DEPLOYMENT_ERROR = 469


class ProtocolError(InputError):
    """A message that is refused: the response code, and a sentence for the other side."""

    def __init__(self, code: Code, text: str, request_id: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.request_id = request_id
