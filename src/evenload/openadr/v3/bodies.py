"""Bodies of requests: JSON to structs, and what is wrong with them in a sentence."""

from functools import cache
from typing import Any, Final

import msgspec

from evenload.openadr.v3.faults import RefusalError
from evenload.openadr.v3.parts import ObjectType
from evenload.openadr.v3.wire import (
    BlResourceRequest,
    BlVenRequest,
    EventRequest,
    ProgramRequest,
    ReportRequest,
    SubscriptionRequest,
    VenResourceRequest,
    VenVenRequest,
)

Request = (
    ProgramRequest
    | EventRequest
    | ReportRequest
    | SubscriptionRequest
    | VenVenRequest
    | BlVenRequest
    | VenResourceRequest
    | BlResourceRequest
)
REQUESTS: Final[dict[ObjectType, Any]] = {
    ObjectType.PROGRAM: ProgramRequest,
    ObjectType.EVENT: EventRequest,
    ObjectType.REPORT: ReportRequest,
    ObjectType.SUBSCRIPTION: SubscriptionRequest,
    ObjectType.VEN: VenVenRequest | BlVenRequest,
    ObjectType.RESOURCE: VenResourceRequest | BlResourceRequest,
}


def read_request(kind: ObjectType, body: bytes) -> Request:
    """The request of a body; ``RefusalError`` (400) with what is wrong where it is none."""
    try:
        found: Request = _decoder(kind).decode(body)
    except msgspec.ValidationError as error:
        raise RefusalError(400, _older(body) or f"{kind.lower()}: {error}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RefusalError(400, f"the body is no JSON: {error}") from error
    except RecursionError as error:
        raise RefusalError(400, "the body is nested too deeply") from error
    return found


@cache
def _decoder(kind: ObjectType) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(REQUESTS[kind])


def _older(body: bytes) -> str:
    """What a body of OpenADR 3.0 should be told; blank where it is not one."""
    try:
        told = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):  # what follows the place that was wrong
        return ""
    if not isinstance(told, dict):
        return ""
    if _has_maps(told.get("targets")):
        return "targets: plain texts since OpenADR 3.1; this is a list of objects with type and values, as 3.0 had it"
    operations = told.get("objectOperations")
    for one in operations if isinstance(operations, list) else ():
        words = one.get("operations") if isinstance(one, dict) else None
        if isinstance(words, list) and {"GET", "POST", "PUT"} & {one for one in words if isinstance(one, str)}:
            return "objectOperations.operations: CREATE, READ, UPDATE, DELETE since OpenADR 3.1; 3.0 had POST, GET, PUT"
    if "objectType" not in told and ("venName" in told or "resourceName" in told):
        return "objectType: needed since OpenADR 3.1, such as VEN_VEN_REQUEST or VEN_RESOURCE_REQUEST; 3.0 had none"
    return ""


def _has_maps(targets: object) -> bool:
    return isinstance(targets, list) and any(isinstance(one, dict) for one in targets)
