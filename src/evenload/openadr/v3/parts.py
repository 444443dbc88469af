"""What the objects of OpenADR 3.1.0 are made of, field by field as openadr3.yaml has them."""

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
            checked(parse_start, self.start)
        for text in (self.duration, self.randomize_start):
            if isinstance(text, str):
                checked(Duration.parse, text)


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


def checked(parse: Callable[[str], object], text: str) -> None:
    """Refuse a text that cannot be read, where structs are decoded: decoding tells the place."""
    try:
        parse(text)
    except InputError as error:
        raise ValueError(str(error)) from error
