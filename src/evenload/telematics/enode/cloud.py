"""The Enode shape of a car cloud."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import quote

from evenload.domain.vehicle_state import Act, Provider, VehicleState
from evenload.telematics import document as doc
from evenload.telematics.enode import acts, state, webhook
from evenload.telematics.enode.failing import fault_of
from evenload.telematics.facts import state_of
from evenload.telematics.http import JSON, basic, bearer, form_request, tokens_of
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
)

_PUBLIC: Final[Mapping[Host, str]] = {
    Host.CONNECT: "https://link.production.enode.io",
    Host.AUTH: "https://oauth.production.enode.io",
    Host.API: "https://enode-api.production.enode.io",
    Host.MANAGE: "https://enode-api.production.enode.io",
}
_SCOPES: Final = ("vehicle:read:data", "vehicle:read:location", "vehicle:control:charging")


class Enode:
    """Enode, with one token for the application."""

    provider: ClassVar[Provider] = Provider.ENODE

    def address(self, app: Application, host: Host) -> str:
        """The base address of a host."""
        return app.addresses.get(host) or _PUBLIC[host]

    def consent_url(self, app: Application, state: str, user_id: str = "") -> str:  # noqa: ARG002
        """The cloud has to be asked."""
        return ""

    def consent_request(self, app: Application, tokens: Tokens, state: str, user_id: str) -> Request | None:
        """Begin a link session of a driver; ``state`` comes back with the redirect."""
        joint = "&" if "?" in app.redirect_uri else "?"
        wanted = {
            "vendorType": "vehicle", "language": "browser", "scopes": list(app.scopes or _SCOPES),
            "redirectUri": f"{app.redirect_uri}{joint}state={quote(state, safe='')}",
        }  # fmt: skip
        headers = {**bearer(tokens), "content-type": JSON}
        path = f"/users/{quote(user_id, safe='')}/link"
        return Request("POST", path, {}, headers, doc.body_of(wanted), cost=Cost.FREE)

    def parse_consent(self, response: Response, now: datetime) -> str | Fault:
        """The address of the link session."""
        document = doc.document_of(response.body)
        if not 200 <= response.status < 300 or document is None:
            return fault_of(response, now)
        return doc.text(document, "linkUrl") or Fault(Failing.UNREADABLE, "there is no address in it")

    def code_request(self, app: Application, code: str) -> Request | None:  # noqa: ARG002
        """No step of this shape."""
        return None

    def app_token_request(self, app: Application) -> Request | None:
        """The application's own token."""
        return form_request("/oauth2/token", {"grant_type": "client_credentials"}, basic(app))

    def refresh_request(self, app: Application, tokens: Tokens) -> Request | None:  # noqa: ARG002
        """A new token is asked for instead."""
        return None

    def parse_tokens(self, response: Response, now: datetime) -> Tokens | Fault:
        """The tokens that came."""
        return tokens_of(response, now)

    def revoke_request(self, app: Application, tokens: Tokens, link: Link) -> Request | None:  # noqa: ARG002
        """Forget a driver, all cars of theirs included: the cloud knows accounts, not consents of single cars."""
        path = f"/users/{quote(link.user_id, safe='')}"
        return Request("DELETE", path, headers=bearer(tokens), cost=Cost.FREE) if link.user_id else None

    def cars_request(self, app: Application, tokens: Tokens, user_id: str = "") -> Request:  # noqa: ARG002
        """Ask which cars a driver connected."""
        path = f"/users/{quote(user_id, safe='')}/vehicles" if user_id else "/vehicles"
        return Request("GET", path, {"pageSize": "50"}, bearer(tokens), cost=Cost.FREE)

    def parse_cars(self, response: Response, now: datetime) -> tuple[CarFound, ...] | Fault:
        """Those cars."""
        found = doc.json_of(response.body)
        if response.status != 200 or found is None:
            return fault_of(response, now)
        listed = doc.rows({"data": found}, "data") or doc.rows(found, "data")
        return tuple(state.car_of(one) for one in listed if doc.text(one, "id"))

    def state_request(self, app: Application, tokens: Tokens, link: Link) -> Request:  # noqa: ARG002
        """Ask for what the cloud has of a car: it reads cars itself, and answers from what it keeps."""
        return Request("GET", f"/vehicles/{link.remote_id}", headers=bearer(tokens))

    def parse_state(self, link: Link, response: Response, now: datetime) -> VehicleState | Fault:
        """The state that came."""
        document = doc.document_of(response.body)
        if response.status != 200 or document is None:
            return fault_of(response, now)
        return _judged(link, document, now)

    def parse_told(self, link: Link, told: StateTold, now: datetime) -> VehicleState | Fault:
        """The state a webhook told."""
        return _judged(link, told.document, now)

    def act_request(self, app: Application, tokens: Tokens, link: Link, act: Act) -> Request | None:  # noqa: ARG002
        """Carry an act out."""
        return acts.act_request(tokens, link, act)

    def parse_act(self, act: Act, response: Response, now: datetime) -> ActOutcome:
        """What became of it: also of an answer to ``act_status_request``."""
        return acts.parse_act(act.act_id, response, now)

    def act_status_request(self, app: Application, tokens: Tokens, link: Link, remote_act_id: str) -> Request | None:  # noqa: ARG002
        """Ask what became of an action."""
        return acts.status_request(tokens, remote_act_id)

    def subscribe_request(self, app: Application, tokens: Tokens, link: Link, hook: str) -> Request | None:  # noqa: ARG002
        """One webhook tells of all cars: it is set up once, at our address ``hook``."""
        wanted = {"url": hook, "secret": app.webhook_secret, "events": ["*"]}
        headers = {**bearer(tokens), "content-type": JSON}
        return Request("POST", "/webhooks", {}, headers, doc.body_of(wanted), host=Host.MANAGE, cost=Cost.FREE)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, app: Application, now: datetime) -> Webhook:
        """Verify and understand a webhook."""
        return webhook.parse_webhook(headers, body, app, now)


def _judged(link: Link, vehicle: doc.Document, now: datetime) -> VehicleState | Fault:
    if not doc.part(vehicle, "chargeState"):
        return Fault(Failing.UNREADABLE, "it tells nothing of battery and plug")
    return state_of(link, state.facts_of(vehicle), now)
