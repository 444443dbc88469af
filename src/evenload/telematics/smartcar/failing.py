"""What Smartcar means by its errors, by type and code: https://smartcar.com/docs/errors/overview."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from evenload.telematics import document as doc
from evenload.telematics.http import passing_fault, retry_at
from evenload.telematics.port import Failing, Fault, Response

_BY_CODE: Final[Mapping[tuple[str, str], Failing]] = {
    ("CONNECTED_SERVICES_ACCOUNT", "PERMISSION"): Failing.FORBIDDEN,
    ("CONNECTED_SERVICES_ACCOUNT", "VIRTUAL_KEY_REQUIRED"): Failing.FORBIDDEN,
    ("CONNECTED_SERVICES_ACCOUNT", "VEHICLE_MISSING"): Failing.GONE,
    ("CONNECTED_SERVICES_ACCOUNT", "NO_VEHICLES"): Failing.GONE,
    ("VEHICLE_STATE", "ASLEEP"): Failing.ASLEEP,
    ("VEHICLE_STATE", "UNREACHABLE"): Failing.ASLEEP,
    ("VEHICLE_STATE", "VEHICLE_OFFLINE_FOR_SERVICE"): Failing.ASLEEP,
    ("UPSTREAM", "RATE_LIMIT"): Failing.RATE_LIMITED,
    ("BILLING", "VEHICLE_REQUEST_LIMIT"): Failing.RATE_LIMITED,
}
_BY_TYPE: Final[Mapping[str, Failing]] = {
    "AUTHENTICATION": Failing.UNAUTHORISED,
    "PERMISSION": Failing.FORBIDDEN,
    "COMPATIBILITY": Failing.FORBIDDEN,
    "BILLING": Failing.REFUSED,
    "CONNECTED_SERVICES_ACCOUNT": Failing.REVOKED,
    "RESOURCE_NOT_FOUND": Failing.GONE,
    "RATE_LIMIT": Failing.RATE_LIMITED,
    "VEHICLE_STATE": Failing.REFUSED,
    "VALIDATION": Failing.REFUSED,
    "UPSTREAM": Failing.UPSTREAM,
    "SERVER": Failing.UPSTREAM,
}
_BY_STATUS: Final[Mapping[int, Failing]] = {
    401: Failing.UNAUTHORISED, 403: Failing.FORBIDDEN, 404: Failing.GONE, 430: Failing.RATE_LIMITED,
    501: Failing.FORBIDDEN,
}  # fmt: skip


def error_of(document: object) -> doc.Document:
    """The error in an answer, which stands alone or in a list."""
    listed = doc.rows(document, "errors")
    return listed[0] if listed else doc.part(document, "error") or doc.part(document)


def failing_of(error: doc.Document, status: int) -> Failing | None:
    """What an error means; ``None`` where it has no type that is known and the status says nothing of its own."""
    kind, code = doc.text(error, "type"), doc.text(error, "code")
    if doc.text(error, "resolution", "type") == "REAUTHENTICATE" and kind != "AUTHENTICATION":
        return Failing.REVOKED
    return _BY_CODE.get((kind, code)) or _BY_TYPE.get(kind) or _BY_STATUS.get(status)


def fault_of(response: Response, now: datetime) -> Fault:
    """What went wrong, of an answer that is no success."""
    error = error_of(doc.document_of(response.body) or {})
    info = words_of(error) or f"HTTP {response.status}"
    failing = failing_of(error, response.status)
    if failing is Failing.RATE_LIMITED and doc.text(error, "type") == "BILLING":
        return Fault(failing, info, _next_month(now))
    if failing is None:
        return passing_fault(response, info, now) or Fault(Failing.REFUSED, info)
    passing = passing_fault(response, info, now)
    told_at = retry_at(response, now) or (passing.retry_at if passing else None)
    return Fault(failing, info, told_at if failing.is_passing else None)


def words_of(error: doc.Document) -> str:
    """An error in the cloud's own words."""
    code = ":".join(filter(None, (doc.text(error, "type"), doc.text(error, "code"))))
    said = doc.text(error, "detail") or doc.text(error, "description") or doc.text(error, "title")
    return " ".join(filter(None, (code, said)))


def _next_month(now: datetime) -> datetime:
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.replace(year=now.year + now.month // 12, month=now.month % 12 + 1)
