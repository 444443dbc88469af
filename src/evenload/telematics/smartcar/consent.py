"""Smartcar: how a driver consents, and tokens. https://smartcar.com/docs/api-reference/authorization/overview."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from evenload.telematics.http import basic, bearer, form_request
from evenload.telematics.port import Application, Cost, Host, Link, Request, Tokens

V2: Final = "v2"
_SCOPES: Final = ("read_vehicle_info", "read_vin", "read_battery", "read_charge", "read_location", "control_charge")
_PUBLIC: Final[Mapping[str, Mapping[Host, str]]] = {
    "v3": {
        Host.CONNECT: "https://connect.smartcar.com",
        Host.AUTH: "https://iam.smartcar.com",
        Host.API: "https://vehicle.api.smartcar.com/v3",
        Host.MANAGE: "https://management.api.smartcar.com/v3",
    },
    V2: {
        Host.CONNECT: "https://connect.smartcar.com",
        Host.AUTH: "https://auth.smartcar.com",
        Host.API: "https://api.smartcar.com/v2.0",
        Host.MANAGE: "https://management.smartcar.com/v2.0",
    },
}


def is_v2(app: Application) -> bool:
    """Whether the older version is spoken, which has a token for each driver."""
    return app.signal_version == V2


def address(app: Application, host: Host) -> str:
    """Where a host is."""
    return app.addresses.get(host) or _PUBLIC[V2 if is_v2(app) else "v3"][host]


def consent_url(app: Application, state: str, user_id: str) -> str:
    """Where a driver consents. The newer version sends the driver's id back with the redirect, and no code of use."""
    query = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "scope": " ".join(app.scopes or _SCOPES),
        "state": state,
        "mode": "live",
    }
    if user_id:
        query["user"] = user_id
    return f"{address(app, Host.CONNECT)}/oauth/authorize?{urlencode(query)}"


def code_request(app: Application, code: str) -> Request | None:
    """Tokens for a code, in the older version only."""
    if not is_v2(app):
        return None
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect_uri}
    return form_request("/oauth/token", fields, basic(app))


def app_token_request(app: Application) -> Request | None:
    """The application's own token, in the newer version only; it lasts an hour and is not refreshed."""
    if is_v2(app):
        return None
    fields = {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": app.client_secret}
    return form_request("/oauth2/token", fields)


def refresh_request(app: Application, tokens: Tokens) -> Request | None:
    """Renewed tokens of a driver, in the older version only."""
    if not is_v2(app) or not tokens.refresh:
        return None
    return form_request("/oauth/token", {"grant_type": "refresh_token", "refresh_token": tokens.refresh}, basic(app))


def revoke_request(app: Application, tokens: Tokens, link: Link) -> Request:
    """End the connection of a car; the newer version takes it by the id that the list of connections tells."""
    if is_v2(app):
        path = f"/vehicles/{link.remote_id}/application"
        return Request("DELETE", path, headers=bearer(tokens), cost=Cost.FREE)
    headers = {**bearer(tokens), "sc-user-id": link.user_id}
    return Request("DELETE", f"/connections/{link.connection_id or link.remote_id}", headers=headers, cost=Cost.FREE)
