"""What Tesla means by its status codes: https://developer.tesla.com/docs/fleet-api/getting-started/conventions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from evenload.telematics import document as doc
from evenload.telematics.http import passing_fault, retry_at
from evenload.telematics.port import Failing, Fault, Response

_BY_STATUS: Final[Mapping[int, Failing]] = {
    401: Failing.UNAUTHORISED, 403: Failing.FORBIDDEN, 404: Failing.GONE, 408: Failing.ASLEEP,
}  # fmt: skip
_ASLEEP: Final = ("offline or asleep", "vehicle unavailable", "device_not_available")
_NO_CONSENT: Final = ("token expired (revoked)", "login_required", "user revoked")


def fault_of(response: Response, now: datetime) -> Fault:
    """What went wrong, of an answer that is no success. Proxies that sign commands answer 500 for a car asleep."""
    document = doc.document_of(response.body) or {}
    said = " ".join(filter(None, (doc.text(document, "error"), doc.text(document, "error_description"))))
    info = said or f"HTTP {response.status}"
    if any(words in said.casefold() for words in _ASLEEP):
        return Fault(Failing.ASLEEP, info, retry_at(response, now))
    if any(words in said.casefold() for words in _NO_CONSENT):
        return Fault(Failing.REVOKED, info)
    if failing := _BY_STATUS.get(response.status):
        return Fault(failing, info, retry_at(response, now) if failing is Failing.ASLEEP else None)
    if passing := passing_fault(response, info, now):
        return passing
    return Fault(Failing.UNREADABLE if response.status < 300 else Failing.REFUSED, info)
