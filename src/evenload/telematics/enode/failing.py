"""What Enode means by its errors: problem documents with ``type``, ``title`` and ``detail``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from evenload.telematics import document as doc
from evenload.telematics.http import passing_fault
from evenload.telematics.port import Failing, Fault, Response

_BY_STATUS: Final[Mapping[int, Failing]] = {
    401: Failing.UNAUTHORISED, 403: Failing.FORBIDDEN, 404: Failing.GONE, 408: Failing.ASLEEP, 410: Failing.GONE,
}  # fmt: skip


def fault_of(response: Response, now: datetime) -> Fault:
    """What went wrong, of an answer that is no success."""
    document = doc.document_of(response.body) or {}
    said = doc.text(document, "detail") or doc.text(document, "title") or doc.text(document, "type")
    info = said or f"HTTP {response.status}"
    if failing := _BY_STATUS.get(response.status):
        return Fault(failing, info)
    if passing := passing_fault(response, info, now):
        return passing
    return Fault(Failing.UNREADABLE if response.status < 300 else Failing.REFUSED, info)
