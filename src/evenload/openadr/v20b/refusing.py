"""What each message is refused with: the answer it waits for, with a code and a sentence."""

from evenload.openadr.v20b import messages as wire
from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.parts import Response


def refusal(message: wire.Message | None, error: ProtocolError, vtn_id: str = "") -> wire.AnyMessage:
    """The answer to a message that is refused.

    A request for events is refused with a plain response: an empty list of events would call all of them off.
    """
    response = Response(
        code=error.code, description=str(error)[:1000], request_id=getattr(message, "request_id", error.request_id)
    )
    ven_id = getattr(message, "ven_id", None)
    match message:
        case wire.QueryRegistration() | wire.CreateRegistration():
            return wire.CreatedRegistration(response=response, vtn_id=vtn_id)
        case wire.CancelRegistration():
            return wire.CanceledRegistration(
                response=response, registration_id=message.registration_id, ven_id=message.ven_id
            )
        case wire.CreateOpt():
            return wire.CreatedOpt(response=response, opt_id=message.opt_id)
        case wire.CancelOpt():
            return wire.CanceledOpt(response=response, opt_id=message.opt_id)
        case wire.RegisterReport():
            return wire.RegisteredReport(response=response, ven_id=ven_id)
        case wire.CreateReport():
            return wire.CreatedReport(response=response, ven_id=ven_id)
        case wire.UpdateReport():
            return wire.UpdatedReport(response=response, ven_id=ven_id)
        case wire.CancelReport():
            return wire.CanceledReport(response=response, ven_id=ven_id)
        case _:
            return wire.Answered(response=response, ven_id=ven_id)


SERVICES: dict[str, tuple[type[wire.Message], ...]] = {
    "OadrPoll": (wire.Poll,),
    "EiRegisterParty": (
        wire.QueryRegistration, wire.CreateRegistration, wire.CancelRegistration, wire.CanceledRegistration,
        wire.RequestReregistration, wire.Answered,
    ),
    "EiEvent": (wire.RequestEvent, wire.CreatedEvent, wire.DistributeEvent, wire.Answered),
    "EiOpt": (wire.CreateOpt, wire.CancelOpt),
    "EiReport": (
        wire.RegisterReport, wire.RegisteredReport, wire.CreateReport, wire.CreatedReport, wire.UpdateReport,
        wire.UpdatedReport, wire.CancelReport, wire.CanceledReport, wire.Answered,
    ),
}  # fmt: skip
"""Messages of each service; also the last part of its address."""


def service_of(message: wire.Message) -> str:
    """The service a message is sent to."""
    return next(service for service, kinds in SERVICES.items() if isinstance(message, kinds))


def checked_service(service: str, message: wire.Message) -> None:
    """Refuse a message that is not of a service."""
    if not isinstance(message, SERVICES.get(service, ())):
        raise ProtocolError(Code.COMPLIANCE_ERROR, f"{type(message).__name__} is not a message of {service[:60]}")
