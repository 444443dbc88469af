"""Parts that messages share: responses, targets, units, qualified event ids."""

from typing import Final

from msgspec import Struct

from evenload.openadr.v20b.binding import Element, Form, Part, Variant, local_name
from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.values import FLAG, NUMBER, TEXT, WHOLE, Kind


class Wire(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What every part is made of. Nothing in it can form a cycle."""


class Response(Wire, frozen=True, kw_only=True):
    """How a message was taken: a code, a sentence, and the id of the request it answers."""

    code: int = 200
    description: str | None = None
    request_id: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether it was done."""
        return 200 <= self.code < 300


class Target(Wire, frozen=True, kw_only=True):
    """Whom something is for; blank is everyone it reaches."""

    device_classes: tuple[str, ...] = ()
    meters: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    group_ids: tuple[str, ...] = ()
    group_names: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    ven_ids: tuple[str, ...] = ()
    party_ids: tuple[str, ...] = ()

    @property
    def is_blank(self) -> bool:
        """Whether it names nobody."""
        return not any(getattr(self, name) for name in self.__struct_fields__)


class QualifiedEventId(Wire, frozen=True, kw_only=True):
    """An event in one of its modifications."""

    event_id: str
    modification_number: int


class Unit(Wire, frozen=True, kw_only=True):
    """What a number is of: the element's name (``powerReal``), units and scale (``W``, ``k``).

    Power has the grid it is measured in: hertz, volts, alternating or not.
    """

    element: str
    units: str
    scale: str = "none"
    description: str = ""
    hertz: float = 60.0
    volts: float = 240.0
    is_ac: bool = True
    pulse_kwh: float = 1.0

    @property
    def factor(self) -> float:
        """What a value is multiplied with to be in the unit without its scale."""
        return _SCALES[self.scale]


_SCALES: Final = {
    "p": 1e-12, "n": 1e-9, "micro": 1e-6, "m": 1e-3, "c": 1e-2, "d": 1e-1, "none": 1.0, "k": 1e3, "M": 1e6, "G": 1e9,
    "T": 1e12,
}  # fmt: skip
KILOWATTS: Final = Unit(element="powerReal", units="W", scale="k")
KILOWATT_HOURS: Final = Unit(element="energyReal", units="Wh", scale="k")
PERCENT: Final = Unit(element="customUnit", units="percent", description="Percent")
_PREFIXED: Final = {
    "customUnit": "oadr", "current": "oadr", "currency": "oadr", "currencyPerKWh": "oadr", "currencyPerKW": "oadr",
    "currencyPerThm": "oadr", "frequency": "oadr", "Therm": "oadr", "temperature": "oadr", "pulseCount": "oadr",
    "voltage": "power", "energyApparent": "power", "energyReactive": "power", "energyReal": "power",
    "powerApparent": "power", "powerReactive": "power", "powerReal": "power",
}  # fmt: skip
_DESCRIPTIONS: Final = {
    "current": "Current", "currency": "currency", "currencyPerKWh": "currencyPerKWh", "currencyPerKW": "currencyPerKW",
    "currencyPerThm": "currency", "frequency": "Frequency", "Therm": "Therm", "temperature": "temperature",
    "pulseCount": "pulse count", "voltage": "Voltage", "energyApparent": "ApparentEnergy",
    "energyReactive": "ReactiveEnergy", "energyReal": "RealEnergy", "powerApparent": "ApparentPower",
    "powerReactive": "ReactivePower", "powerReal": "RealPower",
}  # fmt: skip


def money_per_kwh(currency: str) -> Unit:
    """A price of energy in a currency of ISO 4217."""
    return Unit(element="currencyPerKWh", units=currency)


def _read_scale(text: str) -> str:
    if text not in _SCALES:
        raise ProtocolError(Code.INVALID_DATA, f"{text[:20]!r} is not a scale of the SI")
    return text


_SCALE: Final = Kind(_read_scale, str)
_PLAIN: Final = (
    Part("description", "oadr:itemDescription", TEXT, needed=False),
    Part("units", "oadr:itemUnits", TEXT),
)
_SCALED: Final = Part("scale", "scale:siScaleCode", _SCALE, needed=False)


class _UnitFields(Wire, frozen=True, kw_only=True):
    description: str = ""
    units: str = ""
    scale: str = "none"
    hertz: float = 60.0
    volts: float = 240.0
    is_ac: bool = True
    pulse_kwh: float = 1.0


_ATTRIBUTES: Final = tuple(
    Part(field, f"power:powerAttributes/power:{name}", kind, needed=False)
    for field, name, kind in (("hertz", "hertz", NUMBER), ("volts", "voltage", NUMBER), ("is_ac", "ac", FLAG))
)
_READ_UNIT: Final = Form(
    _UnitFields, *_PLAIN, _SCALED, *_ATTRIBUTES, Part("pulse_kwh", "oadr:pulseFactor", NUMBER, needed=False)
)
_WRITE_UNITS: Final = {
    "oadr": Form(_UnitFields, *_PLAIN, _SCALED),
    "pulse": Form(_UnitFields, *_PLAIN, Part("pulse_kwh", "oadr:pulseFactor", NUMBER)),
    "energy": Form(_UnitFields, Part("description", "power:itemDescription", TEXT),
                   Part("units", "power:itemUnits", TEXT), _SCALED),
    "power": Form(_UnitFields, Part("description", "power:itemDescription", TEXT),
                  Part("units", "power:itemUnits", TEXT), _SCALED, *_ATTRIBUTES),
}  # fmt: skip


def _read_unit(element: Element) -> Unit:
    held = _READ_UNIT.read(element)
    name = local_name(element)
    return Unit(
        element=name, units=held.units, scale=held.scale,
        description="" if name in _DESCRIPTIONS else held.description,
        hertz=held.hertz, volts=held.volts, is_ac=held.is_ac, pulse_kwh=held.pulse_kwh,
    )  # fmt: skip


def _write_unit(unit: Unit, out: list[str]) -> None:
    prefix = _PREFIXED[unit.element]
    tag = f"{prefix}:{unit.element}"
    described = _DESCRIPTIONS.get(unit.element) or unit.description or unit.units
    fields = _UnitFields(
        description=described, units=unit.units, scale=unit.scale, hertz=unit.hertz, volts=unit.volts,
        is_ac=unit.is_ac, pulse_kwh=unit.pulse_kwh,
    )  # fmt: skip
    form = "oadr"
    if unit.element == "pulseCount":
        form = "pulse"
    elif prefix == "power":
        form = "power" if unit.element.startswith("power") else "energy"
    out.append(f"<{tag}>")
    _WRITE_UNITS[form].write(fields, out)
    out.append(f"</{tag}>")


UNIT: Final = Variant(tuple(_PREFIXED), _read_unit, _write_unit)


def _read_code(text: str) -> int:
    if len(text) != 3 or not text.isascii() or not text.isdigit():
        raise ProtocolError(Code.INVALID_DATA, f"{text[:20]!r} is not a response code")
    return int(text)


RESPONSE_CODE: Final = Kind(_read_code, lambda code: f"{code:03d}")
RESPONSE: Final = Form(
    Response,
    Part("code", "ei:responseCode", RESPONSE_CODE),
    Part("description", "ei:responseDescription", TEXT, needed=False),
    Part("request_id", "pyld:requestID", TEXT, needed=False),
)
QUALIFIED_EVENT_ID: Final = Form(
    QualifiedEventId,
    Part("event_id", "ei:eventID", TEXT),
    Part("modification_number", "ei:modificationNumber", WHOLE),
)


def _named(field: str, path: str) -> Part:
    return Part(field, path, TEXT, needed=False, many=True)


class _One(Wire, frozen=True, kw_only=True):
    text: str = ""


def texts_inside(field: str, path: str, inner: str) -> Part:
    """An element each, with one inside it; neighbours must not share the outer one."""
    form = Form(_One, Part("text", inner, TEXT))
    return Part(field, path, _Wrapped(form), needed=False, many=True)


class _Wrapped(Form[_One]):
    """Text one element further in."""

    def __init__(self, form: Form[_One]) -> None:
        self._form = form

    def read(self, element: Element) -> str:  # type: ignore[override]  # text, not the struct around it
        return self._form.read(element).text

    def write(self, value: str, out: list[str]) -> None:  # type: ignore[override]
        self._form.write(_One(text=value), out)


TARGET: Final = Form(
    Target,
    texts_inside("device_classes", "power:endDeviceAsset", "power:mrid"),
    texts_inside("meters", "power:meterAsset", "power:mrid"),
    texts_inside("nodes", "power:pnode", "power:node"),
    _named("group_ids", "ei:groupID"),
    _named("group_names", "ei:groupName"),
    _named("resource_ids", "ei:resourceID"),
    _named("ven_ids", "ei:venID"),
    _named("party_ids", "ei:partyID"),
)
