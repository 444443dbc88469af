"""How structs are bound to elements: written in the order of the schema, read in any order by local names.

Peers write elements in orders the schema does not know and bind prefixes to other namespaces; what they mean is not in
doubt, so the reader looks at local names alone. What is written keeps the schema to the letter.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from xml.sax.saxutils import escape

from lxml import etree

from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.values import Kind

NAMESPACES: Final = {
    "oadr": "http://openadr.org/oadr-2.0b/2012/07",
    "ei": "http://docs.oasis-open.org/ns/energyinterop/201110",
    "pyld": "http://docs.oasis-open.org/ns/energyinterop/201110/payloads",
    "emix": "http://docs.oasis-open.org/ns/emix/2011/06",
    "power": "http://docs.oasis-open.org/ns/emix/2011/06/power",
    "scale": "http://docs.oasis-open.org/ns/emix/2011/06/siscale",
    "xcal": "urn:ietf:params:xml:ns:icalendar-2.0",
    "strm": "urn:ietf:params:xml:ns:icalendar-2.0:stream",
    "gb": "http://naesb.org/espi",
    "atom": "http://www.w3.org/2005/Atom",
}
Element = etree._Element  # the only name lxml has for it
T = TypeVar("T")


def local_name(element: Element) -> str:
    """``pollID`` of ``{urn:x}pollID``."""
    return str(element.tag).rpartition("}")[2]


def text_of(element: Element) -> str:
    """Text of an element without the space around it."""
    return (element.text or "").strip()


@dataclass(frozen=True, slots=True)
class Part:
    """A field and where it is: a path of elements, ``xcal:dtstart/xcal:date-time``.

    Neighbours whose paths begin alike share those elements. A part that is ``many`` is a tuple. A path that ends with
    ``*`` stands for an element of several names, which its contents know. One without contents is an empty element.
    Elements around a ``hollow`` one are written even where there is nothing in them.
    """

    field: str
    path: str
    what: "Kind | Form[Any] | Variant | None"
    needed: bool = True
    many: bool = False
    hollow: bool = False


class Variant:
    """An element of several names: which one says what it is."""

    def __init__(
        self, names: Sequence[str], read: Callable[[Element], Any], write: Callable[[Any, list[str]], None]
    ) -> None:
        self.names = tuple(names)
        self.read = read
        self.write = write


class Form(Generic[T]):
    """The fields of a struct and their elements, in the order of the schema."""

    def __init__(self, make: Callable[..., T], *parts: Part) -> None:
        self._make = make
        self._parts = tuple((part, tuple(part.path.split("/"))) for part in parts)
        self._finds = tuple(
            (part, tuple(step.rpartition(":")[2] for step in path))
            for part, path in self._parts
            if part.what is not None
        )

    def read(self, element: Element) -> T:
        """The struct an element holds; ``ProtocolError`` names what is missing or wrong."""
        below = _children(element)
        found: dict[str, Any] = {}
        for part, steps in self._finds:
            hits = list(_along(below, steps, part.what))
            if hits and not part.many:
                found[part.field] = _value(part, hits[0])
            elif part.many:
                found[part.field] = tuple(_value(part, hit) for hit in hits)
            if not hits and part.needed:
                raise ProtocolError(Code.INVALID_DATA, f"{local_name(element)}: {part.path} is missing")
        return self._make(**found)

    def write(self, value: T, out: list[str]) -> None:
        """Append the elements of a struct."""
        opened: tuple[str, ...] = ()
        for part, path in self._parts:
            if part.what is None:
                opened = _moved(opened, path[:-1], out)
                out.append(f"<{path[-1]}/>")
                continue
            held = getattr(value, part.field)
            if held is None or (part.many and not held and not part.hollow):
                continue
            opened = _moved(opened, path[:-1], out)
            for one in held if part.many else (held,):
                _written(part, path[-1], one, out)
        _moved(opened, (), out)


def _children(element: Element) -> dict[str, list[Element]]:
    below: dict[str, list[Element]] = {}
    for child in element:
        below.setdefault(local_name(child), []).append(child)
    return below


def _along(below: dict[str, list[Element]], steps: tuple[str, ...], what: object) -> Iterator[Element]:
    if isinstance(what, Variant) and len(steps) == 1:
        for name in what.names:
            yield from below.get(name, ())
        return
    for child in below.get(steps[0], ()):
        if len(steps) == 1:
            yield child
        else:
            yield from _along(_children(child), steps[1:], what)


def _value(part: Part, element: Element) -> Any:  # noqa: ANN401
    if part.what is None or not isinstance(part.what, Kind):
        return None if part.what is None else part.what.read(element)
    try:
        return part.what.read(text_of(element))
    except ProtocolError as error:
        raise ProtocolError(error.code, f"{local_name(element)}: {error}") from error


def _written(part: Part, tag: str, value: Any, out: list[str]) -> None:  # noqa: ANN401
    if isinstance(part.what, Variant):
        part.what.write(value, out)
    elif isinstance(part.what, Kind):
        out.append(f"<{tag}>{escape(part.what.write(value))}</{tag}>")
    else:
        out.append(f"<{tag}>")
        if part.what is not None:
            part.what.write(value, out)
        out.append(f"</{tag}>")


def _moved(opened: tuple[str, ...], wanted: tuple[str, ...], out: list[str]) -> tuple[str, ...]:
    shared = 0
    while shared < min(len(opened), len(wanted)) and opened[shared] == wanted[shared]:
        shared += 1
    out.extend(f"</{tag}>" for tag in reversed(opened[shared:]))
    out.extend(f"<{tag}>" for tag in wanted[shared:])
    return wanted
