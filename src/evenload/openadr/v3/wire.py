"""The objects of OpenADR 3.1.0, field by field as openadr3.yaml has them.

Requests are what clients send, the others what a VTN answers with. A field the YAML calls nullable takes null, which
is the same as leaving it out; one that it does not refuses null. Fields it does not name are ignored (Definition,
"Required and optional properties"). Decoding checks, constructing does not, but for times.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from evenload.base.errors import InputError
from evenload.openadr.v3.durations import Duration
from evenload.openadr.v3.instants import parse_start

ObjectId = Annotated[str, Meta(pattern=r"\A[a-zA-Z0-9_-]*\Z", min_length=1, max_length=128)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Target = Annotated[str, Meta(min_length=1, max_length=128)]
Uri = Annotated[str, Meta(pattern=r"\A[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x20]*\Z", min_length=2, max_length=8000)]
Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Percent = Annotated[int, Meta(ge=0, le=100)]


class ObjectType(StrEnum):
    """Kinds of objects."""

    PROGRAM = "PROGRAM"
    EVENT = "EVENT"
    REPORT = "REPORT"
    SUBSCRIPTION = "SUBSCRIPTION"
    VEN = "VEN"
    RESOURCE = "RESOURCE"


class Operation(StrEnum):
    """What may be done to an object."""

    CREATE = "CREATE"
    READ = "READ"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


def _named(name: str) -> str:
    """``program_id`` as ``programID``, ``created_date_time`` as ``createdDateTime``."""
    first, *rest = name.split("_")
    return first + "".join("ID" if word == "id" else word.capitalize() for word in rest)


class Wire(Struct, frozen=True, omit_defaults=True, rename=_named, kw_only=True, gc=False):
    """What every object and part is made of. Nothing in it can form a cycle."""


class Point(Wire, frozen=True, kw_only=True):
    """A point of a curve."""

    x: float
    y: float


Value = int | float | str | bool | Point


class ValuesMap(Wire, frozen=True, kw_only=True):
    """Values of a type, such as ``PRICE``."""

    type: Name
    values: tuple[Value, ...]


class IntervalPeriod(Wire, frozen=True, kw_only=True):
    """When something is: start, length, and by how much starts are moved at random, to either side."""

    start: str | UnsetType = UNSET
    duration: str | UnsetType = UNSET
    randomize_start: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        if isinstance(self.start, str):
            _checked(parse_start, self.start)
        for text in (self.duration, self.randomize_start):
            if isinstance(text, str):
                _checked(Duration.parse, text)


class Interval(Wire, frozen=True, kw_only=True):
    """A window and what holds in it."""

    id: Int32
    payloads: tuple[ValuesMap, ...]
    interval_period: IntervalPeriod | UnsetType = UNSET


class EventPayloadDescriptor(Wire, tag_field="objectType", tag="EVENT_PAYLOAD_DESCRIPTOR", frozen=True, kw_only=True):
    """What values of an event's payload mean."""

    payload_type: Name
    units: Name | None = None
    currency: str | None = None


class ReportPayloadDescriptor(Wire, tag_field="objectType", tag="REPORT_PAYLOAD_DESCRIPTOR", frozen=True, kw_only=True):
    """What values of a report's payload mean."""

    payload_type: Name
    reading_type: Name | None = None
    units: Name | None = None
    accuracy: float | None = None
    confidence: Percent | None = None


PayloadDescriptor = EventPayloadDescriptor | ReportPayloadDescriptor


class ReportDescriptor(Wire, frozen=True, kw_only=True):
    """A report that an event asks for."""

    payload_type: Name
    reading_type: Name | None = None
    units: Name | None = None
    targets: tuple[Target, ...] | None = None
    aggregate: bool = False
    start_interval: Int32 = -1
    num_intervals: Int32 = -1
    historical: bool = True
    frequency: Int32 = -1
    repeat: Int32 = 1
    report_intervals: Literal["INTERVALS", "SUB_INTERVALS", "OPEN_INTERVALS"] = "INTERVALS"


class ProgramDescription(Wire, frozen=True, kw_only=True):
    """Where a program is described."""

    url: Uri = field(name="URL")


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
            _checked(Duration.parse, self.duration)
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


def _checked(parse: Callable[[str], object], text: str) -> None:
    try:
        parse(text)
    except InputError as error:
        raise ValueError(str(error)) from error  # what decoding tells the place of


def _only(descriptors: tuple[PayloadDescriptor, ...] | None, kind: type[Wire]) -> None:
    if not all(isinstance(one, kind) for one in descriptors or ()):
        raise ValueError(f"payloadDescriptors here are those of {kind.__name__} only")
