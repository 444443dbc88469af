"""Elements of every message, in the order of the schema."""

from typing import Any, Final

from evenload.openadr.v20b import messages as wire
from evenload.openadr.v20b.binding import Form, Part
from evenload.openadr.v20b.events import DISTRIBUTED
from evenload.openadr.v20b.parts import QUALIFIED_EVENT_ID, RESPONSE, RESPONSE_CODE, TARGET, texts_inside
from evenload.openadr.v20b.reports import REPORT, REPORT_REQUEST
from evenload.openadr.v20b.values import DURATION, FLAG, INSTANT, TEXT, WHOLE, word_of

_REQUEST_ID: Final = Part("request_id", "pyld:requestID", TEXT)
_RESPONSE: Final = Part("response", "ei:eiResponse", RESPONSE)
_VEN_ID: Final = Part("ven_id", "ei:venID", TEXT, needed=False)
_REQUIRED_VEN_ID: Final = Part("ven_id", "ei:venID", TEXT)
_REGISTRATION_ID: Final = Part("registration_id", "ei:registrationID", TEXT, needed=False)
_OPT_ID: Final = Part("opt_id", "ei:optID", TEXT)
_OPT: Final = Part("opt", "ei:optType", word_of(wire.OptType))
_PENDING: Final = Part(
    "pending", "oadr:oadrPendingReports/ei:reportRequestID", TEXT, needed=False, many=True, hollow=True
)
_PROFILE: Final = Form(
    wire.Profile,
    Part("name", "oadr:oadrProfileName", TEXT),
    texts_inside("transports", "oadr:oadrTransports/oadr:oadrTransport", "oadr:oadrTransportName"),
)
_WINDOW: Final = Form(
    wire.Available,
    Part("start", "xcal:properties/xcal:dtstart/xcal:date-time", INSTANT),
    Part("duration", "xcal:properties/xcal:duration/xcal:duration", DURATION),
)
_EVENT_RESPONSE: Final = Form(
    wire.EventResponse,
    Part("code", "ei:responseCode", RESPONSE_CODE),
    Part("description", "ei:responseDescription", TEXT, needed=False),
    _REQUEST_ID,
    Part("event", "ei:qualifiedEventID", QUALIFIED_EVENT_ID),
    _OPT,
)
_CANCEL_REPORT: Final = Form(
    wire.CancelReport,
    _REQUEST_ID,
    Part("report_request_ids", "ei:reportRequestID", TEXT, many=True),
    Part("to_follow", "pyld:reportToFollow", FLAG),
    _VEN_ID,
)
_CREATE_REGISTRATION: Final = Form(
    wire.CreateRegistration,
    _REQUEST_ID,
    _REGISTRATION_ID,
    _VEN_ID,
    Part("profile", "oadr:oadrProfileName", TEXT),
    Part("transport", "oadr:oadrTransportName", TEXT),
    Part("address", "oadr:oadrTransportAddress", TEXT, needed=False),
    Part("is_report_only", "oadr:oadrReportOnly", FLAG, needed=False),
    Part("signs", "oadr:oadrXmlSignature", FLAG, needed=False),
    Part("ven_name", "oadr:oadrVenName", TEXT, needed=False),
    Part("pulls", "oadr:oadrHttpPullModel", FLAG, needed=False),
)
_CREATED_REGISTRATION: Final = Form(
    wire.CreatedRegistration,
    _RESPONSE,
    _REGISTRATION_ID,
    _VEN_ID,
    Part("vtn_id", "ei:vtnID", TEXT),
    Part("profiles", "oadr:oadrProfiles/oadr:oadrProfile", _PROFILE, needed=False, many=True, hollow=True),
    Part("poll_every", "oadr:oadrRequestedOadrPollFreq/xcal:duration", DURATION, needed=False),
)
_CREATE_OPT: Final = Form(
    wire.CreateOpt,
    _OPT_ID,
    _OPT,
    Part("reason", "ei:optReason", TEXT),
    Part("market_context", "emix:marketContext", TEXT, needed=False),
    _REQUIRED_VEN_ID,
    Part("windows", "xcal:vavailability/xcal:components/xcal:available", _WINDOW, needed=False, many=True),
    Part("created_at", "ei:createdDateTime", INSTANT),
    _REQUEST_ID,
    Part("event", "ei:qualifiedEventID", QUALIFIED_EVENT_ID, needed=False),
    Part("target", "ei:eiTarget", TARGET, needed=False),
    Part("device_class", "oadr:oadrDeviceClass", TARGET, needed=False),
)
_DISTRIBUTE_EVENT: Final = Form(
    wire.DistributeEvent,
    Part("response", "ei:eiResponse", RESPONSE, needed=False),
    _REQUEST_ID,
    Part("vtn_id", "ei:vtnID", TEXT),
    Part("events", "oadr:oadrEvent", DISTRIBUTED, needed=False, many=True),
)
_CREATED_EVENT: Final = Form(
    wire.CreatedEvent,
    Part("response", "pyld:eiCreatedEvent/ei:eiResponse", RESPONSE),
    Part("events", "pyld:eiCreatedEvent/ei:eventResponses/ei:eventResponse", _EVENT_RESPONSE, needed=False, many=True),
    Part("ven_id", "pyld:eiCreatedEvent/ei:venID", TEXT),
)
_REQUEST_EVENT: Final = Form(
    wire.RequestEvent,
    Part("request_id", "pyld:eiRequestEvent/pyld:requestID", TEXT),
    Part("ven_id", "pyld:eiRequestEvent/ei:venID", TEXT),
    Part("reply_limit", "pyld:eiRequestEvent/pyld:replyLimit", WHOLE, needed=False),
)
_REPORTS: Final = Part("reports", "oadr:oadrReport", REPORT, needed=False, many=True)
_REQUESTS: Final = Part("requests", "oadr:oadrReportRequest", REPORT_REQUEST, needed=False, many=True)
FORMS: Final[dict[str, Form[Any]]] = {
    "oadrPoll": Form(wire.Poll, _REQUIRED_VEN_ID),
    "oadrResponse": Form(wire.Answered, _RESPONSE, _VEN_ID),
    "oadrQueryRegistration": Form(wire.QueryRegistration, _REQUEST_ID),
    "oadrCreatePartyRegistration": _CREATE_REGISTRATION,
    "oadrCreatedPartyRegistration": _CREATED_REGISTRATION,
    "oadrCancelPartyRegistration": Form(
        wire.CancelRegistration, _REQUEST_ID, Part("registration_id", "ei:registrationID", TEXT), _VEN_ID
    ),
    "oadrCanceledPartyRegistration": Form(wire.CanceledRegistration, _RESPONSE, _REGISTRATION_ID, _VEN_ID),
    "oadrRequestReregistration": Form(wire.RequestReregistration, _REQUIRED_VEN_ID),
    "oadrDistributeEvent": _DISTRIBUTE_EVENT,
    "oadrRequestEvent": _REQUEST_EVENT,
    "oadrCreatedEvent": _CREATED_EVENT,
    "oadrCreateOpt": _CREATE_OPT,
    "oadrCreatedOpt": Form(wire.CreatedOpt, _RESPONSE, _OPT_ID),
    "oadrCancelOpt": Form(wire.CancelOpt, _REQUEST_ID, _OPT_ID, _REQUIRED_VEN_ID),
    "oadrCanceledOpt": Form(wire.CanceledOpt, _RESPONSE, Part("opt_id", "ei:optID", TEXT, needed=False)),
    "oadrRegisterReport": Form(
        wire.RegisterReport, _REQUEST_ID, _REPORTS, _VEN_ID,
        Part("report_request_id", "ei:reportRequestID", TEXT, needed=False),
    ),
    "oadrRegisteredReport": Form(wire.RegisteredReport, _RESPONSE, _REQUESTS, _VEN_ID),
    "oadrCreateReport": Form(
        wire.CreateReport, _REQUEST_ID, Part("requests", "oadr:oadrReportRequest", REPORT_REQUEST, many=True), _VEN_ID
    ),
    "oadrCreatedReport": Form(wire.CreatedReport, _RESPONSE, _PENDING, _VEN_ID),
    "oadrUpdateReport": Form(wire.UpdateReport, _REQUEST_ID, _REPORTS, _VEN_ID),
    "oadrUpdatedReport": Form(
        wire.UpdatedReport, _RESPONSE, Part("cancel", "oadr:oadrCancelReport", _CANCEL_REPORT, needed=False), _VEN_ID
    ),
    "oadrCancelReport": _CANCEL_REPORT,
    "oadrCanceledReport": Form(wire.CanceledReport, _RESPONSE, _PENDING, _VEN_ID),
}  # fmt: skip
NAMES: Final[dict[type[wire.Message], str]] = {
    wire.Poll: "oadrPoll", wire.Answered: "oadrResponse", wire.QueryRegistration: "oadrQueryRegistration",
    wire.CreateRegistration: "oadrCreatePartyRegistration", wire.CreatedRegistration: "oadrCreatedPartyRegistration",
    wire.CancelRegistration: "oadrCancelPartyRegistration",
    wire.CanceledRegistration: "oadrCanceledPartyRegistration",
    wire.RequestReregistration: "oadrRequestReregistration", wire.DistributeEvent: "oadrDistributeEvent",
    wire.RequestEvent: "oadrRequestEvent", wire.CreatedEvent: "oadrCreatedEvent", wire.CreateOpt: "oadrCreateOpt",
    wire.CreatedOpt: "oadrCreatedOpt", wire.CancelOpt: "oadrCancelOpt", wire.CanceledOpt: "oadrCanceledOpt",
    wire.RegisterReport: "oadrRegisterReport", wire.RegisteredReport: "oadrRegisteredReport",
    wire.CreateReport: "oadrCreateReport", wire.CreatedReport: "oadrCreatedReport",
    wire.UpdateReport: "oadrUpdateReport", wire.UpdatedReport: "oadrUpdatedReport",
    wire.CancelReport: "oadrCancelReport", wire.CanceledReport: "oadrCanceledReport",
}  # fmt: skip
"""What each message is called on the wire."""
