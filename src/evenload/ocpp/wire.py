"""What every generated wire struct is made of.

Structs are frozen and hold what a schema says: names, types, bounds. Decoding checks them, constructing does not; an
optional field that was not sent is ``None`` and is not sent. Unknown fields are refused while decoding.
"""

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from evenload.ocpp.faults import Fault

Timestamp = Annotated[datetime, Meta(tz=True)]

VENDOR_ID_LENGTH_MAX: Final = 255


class Wire(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A message or datatype of OCPP. Nothing in it can form a cycle, so the garbage collector leaves it alone."""


class CustomData(dict[str, object]):
    """A vendor's own fields beside ``vendorId`` (OCPP 2.0.1, CustomDataType): any JSON, kept as it came."""

    @property
    def fault(self) -> tuple[Fault, str] | None:
        """What is wrong with ``vendorId``, if anything."""
        if "vendorId" not in self:
            return Fault.MISSING_FIELD, "vendorId is missing"
        vendor = self["vendorId"]
        if not isinstance(vendor, str):
            return Fault.WRONG_TYPE, "vendorId is not a string"
        if len(vendor) > VENDOR_ID_LENGTH_MAX:
            return Fault.TOO_LONG, f"{len(vendor)} characters, at most {VENDOR_ID_LENGTH_MAX}"
        return None


class Extensible(Wire, frozen=True, kw_only=True):
    """A struct of OCPP 2.x: any of them may carry ``customData``."""

    custom_data: CustomData | None = field(default=None, name="customData")
