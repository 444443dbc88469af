"""The Tesla Fleet API shape of a car cloud."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import urlencode

from evenload.domain.vehicle_state import Act, Provider, VehicleState
from evenload.telematics import document as doc
from evenload.telematics.facts import state_of
from evenload.telematics.http import JSON, bearer, form_request, is_signed, tokens_of
from evenload.telematics.port import (
    ActOutcome,
    Application,
    CarFound,
    Cost,
    Failing,
    Fault,
    Host,
    Link,
    Request,
    Response,
    StateTold,
    Tokens,
    Webhook,
    WebhookRefusal,
    header_of,
)
from evenload.telematics.tesla import acts, state
from evenload.telematics.tesla.failing import fault_of

_PUBLIC: Final[Mapping[Host, str]] = {
    Host.CONNECT: "https://auth.tesla.com",
    Host.AUTH: "https://fleet-auth.prd.vn.cloud.tesla.com",
    Host.API: "https://fleet-api.prd.na.vn.cloud.tesla.com",
    Host.MANAGE: "https://fleet-api.prd.na.vn.cloud.tesla.com",
}
_SCOPES: Final = (
    "openid", "offline_access", "vehicle_device_data", "vehicle_location", "vehicle_cmds", "vehicle_charging_cmds",
)  # fmt: skip
SIGNATURE: Final = "x-evenload-signature"
"""Ours: the stream ends at a telemetry server run by whoever runs evenload, which hands records on and signs them."""

_STREAMED: Final = {
    "DetailedChargeState": 60, "Soc": 300, "ACChargingPower": 60, "ACChargingEnergyIn": 300, "ChargeLimitSoc": 600,
    "ChargeAmps": 60, "ChargerVoltage": 300, "Location": 600, "ScheduledChargingStartTime": 600,
    "ScheduledChargingPending": 600,
}  # fmt: skip


class Tesla:
    """Tesla Fleet API; ``Application.audience`` is the region's address where it is not North America's."""

    provider: ClassVar[Provider] = Provider.TESLA

    def address(self, app: Application, host: Host) -> str:
        """The base address of a host. Commands go to ``API``: the address of a proxy that signs them."""
        default = app.audience if host in (Host.API, Host.MANAGE) and app.audience else _PUBLIC[host]
        return app.addresses.get(host) or default

    def consent_url(self, app: Application, state: str, user_id: str = "") -> str:  # noqa: ARG002
        """Where a driver gives consent."""
        query = {
            "response_type": "code", "client_id": app.client_id, "redirect_uri": app.redirect_uri,
            "scope": " ".join(app.scopes or _SCOPES), "state": state, "prompt_missing_scopes": "true",
        }  # fmt: skip
        return f"{self.address(app, Host.CONNECT)}/oauth2/v3/authorize?{urlencode(query)}"

    def consent_request(self, app: Application, tokens: Tokens, state: str, user_id: str) -> Request | None:  # noqa: ARG002
        """No step of this shape."""
        return None

    def parse_consent(self, response: Response, now: datetime) -> str | Fault:
        """No step of this shape."""
        return fault_of(response, now)

    def code_request(self, app: Application, code: str) -> Request | None:
        """Tokens for a code."""
        audience = app.audience or _PUBLIC[Host.API]
        fields = {
            "grant_type": "authorization_code", "client_id": app.client_id, "client_secret": app.client_secret,
            "code": code, "audience": audience, "redirect_uri": app.redirect_uri,
        }  # fmt: skip
        return form_request("/oauth2/v3/token", fields)

    def app_token_request(self, app: Application) -> Request | None:
        """The application's own token, which its registration needs and cars do not take."""
        fields = {
            "grant_type": "client_credentials", "client_id": app.client_id, "client_secret": app.client_secret,
            "audience": app.audience or _PUBLIC[Host.API], "scope": " ".join(app.scopes or _SCOPES),
        }  # fmt: skip
        return form_request("/oauth2/v3/token", fields)

    def refresh_request(self, app: Application, tokens: Tokens) -> Request | None:
        """Renewed tokens. A refresh token is good for one use: keep the new one before anything else is done."""
        if not tokens.refresh:
            return None
        fields = {"grant_type": "refresh_token", "client_id": app.client_id, "refresh_token": tokens.refresh}
        return form_request("/oauth2/v3/token", fields)

    def parse_tokens(self, response: Response, now: datetime) -> Tokens | Fault:
        """The tokens that came."""
        return tokens_of(response, now)

    def revoke_request(self, app: Application, tokens: Tokens, link: Link) -> Request | None:  # noqa: ARG002
        """End the stream of a car; the consent itself only its driver can withdraw, at Tesla's."""
        path = f"/api/1/vehicles/{link.remote_id}/fleet_telemetry_config"
        return Request("DELETE", path, headers=bearer(tokens), host=Host.MANAGE, cost=Cost.FREE)

    def cars_request(self, app: Application, tokens: Tokens, user_id: str = "") -> Request:  # noqa: ARG002
        """Ask which cars a driver has; it wakes none."""
        return Request("GET", "/api/1/vehicles", headers=bearer(tokens))

    def parse_cars(self, response: Response, now: datetime) -> tuple[CarFound, ...] | Fault:
        """Those cars."""
        document = doc.document_of(response.body)
        if response.status != 200 or document is None:
            return fault_of(response, now)
        return tuple(state.car_of(one) for one in doc.rows(document, "response"))

    def state_request(self, app: Application, tokens: Tokens, link: Link) -> Request:  # noqa: ARG002
        """Ask for vehicle data. A car asleep is not woken by that: the answer is 408."""
        query = {"endpoints": "charge_state;drive_state;location_data"}
        return Request("GET", f"/api/1/vehicles/{link.remote_id}/vehicle_data", query, bearer(tokens))

    def parse_state(self, link: Link, response: Response, now: datetime) -> VehicleState | Fault:
        """The state that came."""
        told = doc.part(doc.document_of(response.body) or {}, "response")
        if response.status != 200:
            return fault_of(response, now)
        if not doc.part(told, "charge_state"):
            return Fault(Failing.UNREADABLE, "it tells nothing of battery and plug")
        return state_of(link, state.facts_of(told), now)

    def parse_told(self, link: Link, told: StateTold, now: datetime) -> VehicleState | Fault:
        """What a record of the stream told: a part of a state."""
        return state_of(link, state.facts_of_record(told.document), now)

    def act_request(self, app: Application, tokens: Tokens, link: Link, act: Act) -> Request | None:  # noqa: ARG002
        """Carry an act out."""
        return acts.act_request(tokens, link, act)

    def parse_act(self, act: Act, response: Response, now: datetime) -> ActOutcome:
        """What became of it."""
        return acts.parse_act(act, response, now)

    def act_status_request(self, app: Application, tokens: Tokens, link: Link, remote_act_id: str) -> Request | None:  # noqa: ARG002
        """Answers are final."""
        return None

    def subscribe_request(self, app: Application, tokens: Tokens, link: Link, hook: str) -> Request | None:  # noqa: ARG002
        """Have a car stream to the telemetry server at ``hook`` (a host name)."""
        fields = {name: {"interval_seconds": seconds} for name, seconds in _STREAMED.items()}
        config = {"hostname": hook, "port": 443, "prefer_typed": True, "fields": fields}
        body = doc.body_of({"vins": [link.remote_id], "config": config})
        headers = {**bearer(tokens), "content-type": JSON}
        path = "/api/1/vehicles/fleet_telemetry_config"
        return Request("POST", path, {}, headers, body, host=Host.MANAGE, cost=Cost.FREE)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, app: Application, now: datetime) -> Webhook:
        """Verify and understand records that a telemetry server hands on, one or a list of them."""
        if not app.webhook_secret:
            return Webhook(status=401, refusal=WebhookRefusal.NO_SECRET)
        given = header_of(headers, SIGNATURE)
        if not given:
            return Webhook(status=401, refusal=WebhookRefusal.SIGNATURE_MISSING)
        if not is_signed(app.webhook_secret, body, given):
            return Webhook(status=401, refusal=WebhookRefusal.SIGNATURE_WRONG)
        found = doc.json_of(body)
        records = doc.rows({"records": found if isinstance(found, list) else [found]}, "records")
        if not records:
            return Webhook(status=400, refusal=WebhookRefusal.UNREADABLE)
        told = (StateTold(doc.text(one, "vin"), doc.instant(one, "createdAt") or now, one) for one in records)
        return Webhook(told=tuple(one for one in told if one.remote_id))
