"""Bytes as messages and back. Nothing in a document is fetched, expanded or trusted before it is checked."""

from typing import Final, cast

from lxml import etree

from evenload.openadr.v20b.binding import NAMESPACES, Element, local_name
from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.forms import FORMS, NAMES
from evenload.openadr.v20b.messages import AnyMessage

BYTES_MAX: Final = 1 << 20
SIGNED_ID: Final = "oadrSignedObject"
_PARSER: Final = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, remove_comments=True,
    remove_pis=True, huge_tree=False,  # so that no more than 256 elements are in one another
)  # fmt: skip
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n<oadr:oadrPayload ' + " ".join(
    f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items()
)
_OPEN: Final = f'><oadr:oadrSignedObject oadr:Id="{SIGNED_ID}">'
_CLOSE: Final = "</oadr:oadrSignedObject></oadr:oadrPayload>"


def parsed(body: bytes) -> Element:
    """The root of a document; ``ProtocolError`` where it is malformed, has a DTD, or is too large or too deep."""
    if len(body) > BYTES_MAX:
        raise ProtocolError(Code.COMPLIANCE_ERROR, f"{len(body)} bytes, at most {BYTES_MAX}")
    if b"<!DOCTYPE" in body:  # not even read: entities in attributes would be expanded
        raise ProtocolError(Code.COMPLIANCE_ERROR, "a document type is not taken")
    try:
        root = etree.fromstring(body, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ProtocolError(Code.COMPLIANCE_ERROR, f"not well-formed XML: {str(error)[:200]}") from error
    if root.getroottree().docinfo.internalDTD is not None:  # in another encoding
        raise ProtocolError(Code.COMPLIANCE_ERROR, "a document type is not taken")
    if local_name(root) != "oadrPayload":
        raise ProtocolError(Code.COMPLIANCE_ERROR, f"oadrPayload was expected, not {local_name(root)[:60]}")
    return root


def signed_object(root: Element) -> Element:
    """The one part of a payload that says something."""
    found = [child for child in root if local_name(child) == "oadrSignedObject"]
    if len(found) != 1:
        raise ProtocolError(Code.COMPLIANCE_ERROR, f"one oadrSignedObject was expected, not {len(found)}")
    return found[0]


def read_signed_object(element: Element) -> AnyMessage:
    """The message in an ``oadrSignedObject``."""
    if len(element) != 1:
        raise ProtocolError(Code.COMPLIANCE_ERROR, f"one message was expected, not {len(element)}")
    name = local_name(element[0])
    form = FORMS.get(name)
    if form is None:
        raise ProtocolError(Code.NOT_RECOGNISED, f"{name[:60]} is not a message of OpenADR 2.0b")
    try:
        return cast("AnyMessage", form.read(element[0]))
    except ProtocolError as error:
        raise ProtocolError(error.code, str(error), _request_id(element[0])) from error


def _request_id(message: Element) -> str:
    found = message.find(f".//{{{NAMESPACES['pyld']}}}requestID")
    return "" if found is None else (found.text or "").strip()[:256]


def read_message(body: bytes) -> AnyMessage:
    """A message of bytes, whose signature is not looked at."""
    return read_signed_object(signed_object(parsed(body)))


def write_message(message: AnyMessage, signature: str = "") -> bytes:
    """A message as bytes; ``signature`` goes before the signed object as it is."""
    name = NAMES[type(message)]
    out = [_HEAD, ">", signature, _OPEN[1:]] if signature else [_HEAD, _OPEN]
    out.append(f'<oadr:{name} ei:schemaVersion="2.0b">')
    FORMS[name].write(message, out)
    out.append(f"</oadr:{name}>{_CLOSE}")
    return "".join(out).encode()
