"""The objects of OpenADR 3.1.0, field by field as openadr3.yaml has them.

Requests are what clients send, the others what a VTN answers with. A field the YAML calls nullable takes null, which
is the same as leaving it out; one that it does not refuses null. Fields it does not name are ignored (Definition,
"Required and optional properties"). Decoding checks, constructing does not, but for times.
"""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from evenload.openadr.v3.durations import Duration
from evenload.openadr.v3.parts import (
    EventPayloadDescriptor,
    Interval,
    IntervalPeriod,
    Name,
    ObjectId,
    ObjectType,
    Operation,
    PayloadDescriptor,
    ProgramDescription,
    ReportDescriptor,
    ReportPayloadDescriptor,
    Target,
    Uri,
    ValuesMap,
    Wire,
    checked,
)


class ProgramRequest(Wire, frozen=True, kw_only=True):
    """A program as a client tells it."""

    program_name: Name
    interval_period: IntervalPeriod | UnsetType = UNSET
    program_descriptions: tuple[ProgramDescription, ...] | None = None
    payload_descriptors: tuple[PayloadDescriptor, ...] | None = None
    attributes: tuple[ValuesMap, ...] | None = None
    targets: tuple[Target, ...] | None = None


class EventRequest(Wire, frozen=True, kw_only=True):
    """An event as a client tells it. A lower ``priority`` comes first."""

    program_id: ObjectId
    event_name: str | None = None
    duration: str | UnsetType = UNSET
    priority: Annotated[int, Meta(ge=0)] | None = None
    targets: tuple[Target, ...] | None = None
    report_descriptors: tuple[ReportDescriptor, ...] | None = None
    payload_descriptors: tuple[PayloadDescriptor, ...] | None = None
    interval_period: IntervalPeriod | UnsetType = UNSET
    intervals: tuple[Interval, ...] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if isinstance(self.duration, str):
            checked(Duration.parse, self.duration)
        _only(self.payload_descriptors, EventPayloadDescriptor)


class ReportResource(Wire, frozen=True, kw_only=True):
    """What is reported of one resource."""

    resource_name: Name
    intervals: tuple[Interval, ...]
    interval_period: IntervalPeriod | UnsetType = UNSET


class ReportRequest(Wire, frozen=True, kw_only=True):
    """A report as a client tells it."""

    event_id: ObjectId
    client_name: Name
    resources: tuple[ReportResource, ...]
    report_name: str | None = None
    payload_descriptors: tuple[PayloadDescriptor, ...] | None = None

    def __post_init__(self) -> None:
        _only(self.payload_descriptors, ReportPayloadDescriptor)


class ObjectOperation(Wire, frozen=True, kw_only=True):
    """Which operations on which objects are told, and where."""

    objects: tuple[ObjectType, ...]
    operations: tuple[Operation, ...]
    callback_url: Uri
    bearer_token: str | None = None


class SubscriptionRequest(Wire, frozen=True, kw_only=True):
    """A subscription as a client tells it."""

    client_name: Name
    object_operations: tuple[ObjectOperation, ...]
    program_id: ObjectId | UnsetType = UNSET
    targets: tuple[Target, ...] | None = None


class VenVenRequest(Wire, tag_field="objectType", tag="VEN_VEN_REQUEST", frozen=True, kw_only=True):
    """A VEN as it tells of itself."""

    ven_name: Name
    attributes: tuple[ValuesMap, ...] | None = None


class BlVenRequest(Wire, tag_field="objectType", tag="BL_VEN_REQUEST", frozen=True, kw_only=True):
    """A VEN as the business tells it, which alone may say its targets."""

    client_id: Name
    ven_name: Name
    targets: tuple[Target, ...] | None = None
    attributes: tuple[ValuesMap, ...] | None = None


class VenResourceRequest(Wire, tag_field="objectType", tag="VEN_RESOURCE_REQUEST", frozen=True, kw_only=True):
    """A resource as its VEN tells it."""

    resource_name: Name
    ven_id: ObjectId
    attributes: tuple[ValuesMap, ...] | None = None


class BlResourceRequest(Wire, tag_field="objectType", tag="BL_RESOURCE_REQUEST", frozen=True, kw_only=True):
    """A resource as the business tells it."""

    client_id: Name
    resource_name: Name
    ven_id: ObjectId
    targets: tuple[Target, ...] | None = None
    attributes: tuple[ValuesMap, ...] | None = None


class Program(ProgramRequest, tag_field="objectType", tag="PROGRAM", frozen=True, kw_only=True):
    """A program as a VTN answers it."""

    id: ObjectId
    created_date_time: str
    modification_date_time: str


class Event(EventRequest, tag_field="objectType", tag="EVENT", frozen=True, kw_only=True):
    """An event as a VTN answers it."""

    id: ObjectId
    created_date_time: str
    modification_date_time: str


class Report(ReportRequest, tag_field="objectType", tag="REPORT", frozen=True, kw_only=True):
    """A report as a VTN answers it."""

    id: ObjectId
    created_date_time: str
    modification_date_time: str
    client_id: Name


class Subscription(SubscriptionRequest, tag_field="objectType", tag="SUBSCRIPTION", frozen=True, kw_only=True):
    """A subscription as a VTN answers it."""

    id: ObjectId
    created_date_time: str
    modification_date_time: str
    client_id: Name


class Ven(Wire, tag_field="objectType", tag="VEN", frozen=True, kw_only=True):
    """A VEN as a VTN answers it."""

    id: ObjectId
    created_date_time: str
    modification_date_time: str
    client_id: Name
    ven_name: Name
    targets: tuple[Target, ...] | None = None
    attributes: tuple[ValuesMap, ...] | None = None


class Resource(Wire, tag_field="objectType", tag="RESOURCE", frozen=True, kw_only=True):
    """A resource as a VTN answers it."""

    id: ObjectId
    created_date_time: str
    modification_date_time: str
    client_id: Name
    resource_name: Name
    ven_id: ObjectId
    targets: tuple[Target, ...] | None = None
    attributes: tuple[ValuesMap, ...] | None = None


Object = Program | Event | Report | Subscription | Ven | Resource


class Notification(Wire, frozen=True, kw_only=True):
    """What a VTN tells of an operation."""

    object_type: ObjectType
    operation: Operation
    object: Object
    targets: tuple[Target, ...] | None = None


class Problem(Wire, frozen=True, kw_only=True):
    """An error as a VTN answers it."""

    title: str
    status: int
    detail: str = ""
    type: str = "about:blank"


def _only(descriptors: tuple[PayloadDescriptor, ...] | None, kind: type[Wire]) -> None:
    if not all(isinstance(one, kind) for one in descriptors or ()):
        raise ValueError(f"payloadDescriptors here are those of {kind.__name__} only")
