"""The OpenAPI 3.1 description, with what FastAPI does not know: the problems each operation answers."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from evenload.web.problem import Problem, documented

_TEXT: Final = """
Managed charging for electric vehicles: sites, devices, sessions, limits, signals and plans of one tenant.

**Who asks** is told by `Authorization: Bearer` with a key to the API (`evl_...`), a driver's link (`evd_...`) or an
access token of the issuer in the settings, or by the cookie of a login. A key or account belongs to one tenant and
sees nothing of others; a driver's sees nothing of other drivers.

**Units** are the last words of names: `power_kw`, `energy_kwh`, `duration_s`. Power is positive into the vehicle.
Instants are ISO 8601 with an offset, answers are in UTC.

**Lists** come in pages: `next` of one is `after` of the following; the `Link` header holds its address.
**Repeated requests**: POST with an `Idempotency-Key` is done once; the answer is kept for a day.
**Changes that cross**: send the `ETag` that was read as `If-Match`; 412 says that it was changed meanwhile.
**Errors** are `application/problem+json` (RFC 9457).
"""
_TAGS: Final = {
    "sites": "Places with devices.", "circuits": "The grid as a tree, with limits.",
    "devices": "EVSEs of stations, enrolled at sites.", "stations": "What connects, and may.",
    "vehicles": "Cars that are known when they come.",
    "vehicle-links": "Cars that are managed through their makers' clouds.",
    "drivers": "Who drives what; what drivers wish, choose, are told and shown.",
    "sessions": "Cars plugged in, and what people say of them.",
    "cables": "Which car stands at which charger, how sure that is, and what is wrong between them.",
    "energy-managers": "Energy managers of buildings and parking lots: many cars behind one limit.",
    "plans": "What sessions are to be given.", "decisions": "What was decided, and why.",
    "limits": "Limits at circuits for a time.", "readings": "What was metered at devices.",
    "loads": "What was metered at circuits.", "signals": "Prices and carbon.", "events": "What happened at stations.",
    "users": "Accounts of people.", "keys": "Keys to the API.", "webhooks": "Whom to tell of events.",
    "audit": "Who did what.", "me": "Who asks; logging in and out.", "stream": "News as they come.",
    "state": "What goes on now, and did in the last day.",
    "relay": "What sites with a server of their own tell, and are told.",
    "people": "Who pseudonyms are, what they agreed to, copies and erasure.",
    "messages": "What was sent to people, and what was not and why.",
    "surveys": "Questions to people, and what they answered.",
    "health": "Whether it lives and works.",
}  # fmt: skip
_NAMED_IN_QUERY: Final = frozenset(
    {"/v1/readings", "/v1/relay/orders", "/v1/relay/site", "/v1/vehicle-acts", "/v1/vehicle-acts/account"}
)
_METHODS: Final = ("get", "put", "post", "patch", "delete")


def describe(api: FastAPI) -> dict[str, Any]:
    """The description of an application; made once."""
    if api.openapi_schema:
        return api.openapi_schema
    tags = [{"name": name, "description": text} for name, text in _TAGS.items()]
    told = get_openapi(
        title="evenload", version=api.version, openapi_version="3.1.0", description=_TEXT.strip(), routes=api.routes,
        tags=tags, license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )  # fmt: skip
    schemas = told["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path, methods in told["paths"].items():
        for method in _METHODS:
            if method in methods:
                _add_problems(path, method, methods[method])
    api.openapi_schema = told
    return told


def _add_problems(path: str, method: str, operation: dict[str, Any]) -> None:
    asks = "security" in operation
    changes = method != "get"
    named = "{" in path
    statuses = [422] if "422" in operation["responses"] or "requestBody" in operation else []
    statuses += [401, 403, 503] if asks else []
    statuses += [404] if named or (asks and changes) or path in _NAMED_IN_QUERY else []
    statuses += [400] if "requestBody" in operation else []
    statuses += [409, 412, 413] if asks and changes else []
    operation["responses"].pop("422", None)
    if path.startswith("/v1/answers"):
        statuses += [409, 413, 503]
    if path == "/v1/login":
        statuses += [401, 403, 413, 422, 429, 503]
    if path == "/v1/drivers/{driver_id}/quote":
        statuses += [409]
    if path == "/v1/me/password":
        statuses += [429]
    if path == "/v1/logout":
        statuses += [403]
    if path.startswith("/v1/clouds"):
        statuses += [401, 400, 404, 413, 503] if changes else [404, 409, 502, 503]
    if asks and path.startswith("/v1/vehicle-links") and changes:
        statuses += [502]
    if path.startswith("/v1/oidc"):
        statuses += [401, 404, 503]
    if asks and method == "get" and path != "/v1/stream":
        operation["responses"]["304"] = {"description": "Not Modified: `If-None-Match` names what there is."}
    operation["responses"].update(documented(*sorted(set(statuses))))
