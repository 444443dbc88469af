"""The Smartcar shape of a car cloud."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from evenload.domain.vehicle_state import Act, Capabilities, Provider, VehicleState
from evenload.telematics import document as doc
from evenload.telematics.facts import state_of
from evenload.telematics.http import JSON, bearer, tokens_of
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
from evenload.telematics.smartcar import acts, consent, failing, state, webhook

_ABLE = Capabilities(can_start_stop=True, can_set_limit=True)


class Smartcar:
    """Smartcar, the newer version of its API or the older one (``Application.signal_version`` is ``v2``)."""

    provider: ClassVar[Provider] = Provider.SMARTCAR

    def address(self, app: Application, host: Host) -> str:
        """The base address of a host."""
        return consent.address(app, host)

    def consent_url(self, app: Application, state: str, user_id: str = "") -> str:
        """Where a driver gives consent; the redirect brings ``user_id`` (newer) or ``code`` (older version)."""
        return consent.consent_url(app, state, user_id)

    def consent_request(self, app: Application, tokens: Tokens, state: str, user_id: str) -> Request | None:  # noqa: ARG002
        """No step of this shape."""
        return None

    def parse_consent(self, response: Response, now: datetime) -> str | Fault:
        """No step of this shape."""
        return failing.fault_of(response, now)

    def code_request(self, app: Application, code: str) -> Request | None:
        """Tokens for a code, in the older version."""
        return consent.code_request(app, code)

    def app_token_request(self, app: Application) -> Request | None:
        """The application's token, in the newer version."""
        return consent.app_token_request(app)

    def refresh_request(self, app: Application, tokens: Tokens) -> Request | None:
        """Renewed tokens, in the older version."""
        return consent.refresh_request(app, tokens)

    def parse_tokens(self, response: Response, now: datetime) -> Tokens | Fault:
        """The tokens that came."""
        return tokens_of(response, now)

    def revoke_request(self, app: Application, tokens: Tokens, link: Link) -> Request | None:
        """End the connection of a car."""
        return consent.revoke_request(app, tokens, link)

    def cars_request(self, app: Application, tokens: Tokens, user_id: str = "") -> Request:
        """Ask which cars are connected."""
        if consent.is_v2(app):
            return Request("GET", "/vehicles", {"limit": "50"}, bearer(tokens), cost=Cost.FREE)
        query = {"page[size]": "100", **({"filter[userId]": user_id} if user_id else {})}
        return Request("GET", "/connections", query, bearer(tokens), cost=Cost.FREE)

    def parse_cars(self, response: Response, now: datetime) -> tuple[CarFound, ...] | Fault:
        """Those cars; what they are called and hold is told by their signals."""
        document = doc.document_of(response.body)
        if response.status != 200 or document is None:
            return failing.fault_of(response, now)
        listed = doc.at(document, "vehicles")
        if isinstance(listed, list):
            return tuple(CarFound(one, capabilities=_ABLE) for one in listed if isinstance(one, str) and one)
        return tuple(_connected(one) for one in doc.rows(document, "data") if _remote_id(one))

    def state_request(self, app: Application, tokens: Tokens, link: Link) -> Request:
        """Ask for all signals of a car at once."""
        if consent.is_v2(app):
            body = doc.body_of({"requests": [{"path": path} for path in state.PATHS]})
            headers = {**bearer(tokens), "content-type": JSON, "sc-unit-system": "metric"}
            return Request("POST", f"/vehicles/{link.remote_id}/batch", {}, headers, body, acts.TIMEOUT_S)
        headers = {**bearer(tokens), "sc-user-id": link.user_id}
        query = {"page[size]": "100"}
        return Request("GET", f"/vehicles/{link.remote_id}/signals", query, headers, timeout_s=acts.TIMEOUT_S)

    def parse_state(self, link: Link, response: Response, now: datetime) -> VehicleState | Fault:
        """The state that came."""
        document = doc.document_of(response.body)
        if response.status not in (200, 207) or document is None:
            return failing.fault_of(response, now)
        if "responses" in document:
            signals, times, errors, imperial = state.signals_of_v2(doc.rows(document, "responses"))
        else:
            signals, times, errors = state.signals_of(doc.rows(document, "data"))
            imperial = response.header("sc-unit-system") == "imperial"
        return _judged(link, (signals, times, errors), response, now, imperial=imperial)

    def parse_told(self, link: Link, told: StateTold, now: datetime) -> VehicleState | Fault:
        """The state a webhook told."""
        found = state.signals_of(doc.rows(told.document, "signals"))
        return _judged(link, found, Response(200), now, imperial=False)

    def act_request(self, app: Application, tokens: Tokens, link: Link, act: Act) -> Request | None:
        """Carry an act out."""
        return acts.act_request(app, tokens, link, act)

    def parse_act(self, act: Act, response: Response, now: datetime) -> ActOutcome:
        """What became of it."""
        return acts.parse_act(act, response, now)

    def act_status_request(self, app: Application, tokens: Tokens, link: Link, remote_act_id: str) -> Request | None:  # noqa: ARG002
        """Answers are final; what is not known in the end is read off the car's state."""
        return None

    def subscribe_request(self, app: Application, tokens: Tokens, link: Link, hook: str) -> Request | None:
        """Have a webhook tell of a car."""
        if consent.is_v2(app):
            return Request(
                "POST", f"/vehicles/{link.remote_id}/webhooks/{hook}", headers=bearer(tokens), cost=Cost.FREE
            )
        wanted = {"webhookId": hook, "vehicleId": link.remote_id, "userId": link.user_id}
        body = doc.body_of({"data": {"type": "subscription", "attributes": wanted}})
        headers = {**bearer(tokens), "content-type": JSON}
        return Request("POST", "/subscriptions", {}, headers, body, host=Host.MANAGE, cost=Cost.FREE)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes, app: Application, now: datetime) -> Webhook:
        """Verify and understand a webhook."""
        return webhook.parse_webhook(headers, body, app, now)


def _judged(
    link: Link, found: tuple[state.Signals, list[datetime], list[doc.Document]], response: Response, now: datetime,
    *, imperial: bool,
) -> VehicleState | Fault:  # fmt: skip
    signals, times, errors = found
    if not any(code.startswith(("charge-", "tractionbattery-")) for code in signals):
        error = errors[0] if errors else {}
        means = failing.failing_of(error, 0) or (Failing.UPSTREAM if errors else Failing.UNREADABLE)
        return Fault(means, failing.words_of(error) or "it tells nothing of battery and plug")
    told_at = doc.instant(dict(response.headers), "sc-data-age")
    return state_of(link, state.facts_of(signals, max(times, default=told_at), imperial=imperial), now)


def _connected(one: doc.Document) -> CarFound:
    told = doc.part(one, "attributes") or one
    vehicle = doc.part(told, "vehicle") or doc.part(one, "relationships", "vehicle", "data", "attributes")
    year = doc.number(vehicle, "year")
    return CarFound(
        _remote_id(one), doc.text(vehicle, "vin"), doc.text(vehicle, "make"), doc.text(vehicle, "model"),
        int(year) if year else None, capabilities=_ABLE, connection_id=doc.text(one, "id"),
    )  # fmt: skip


def _remote_id(one: doc.Document) -> str:
    """The id of the car of a connection, wherever it stands."""
    paths = (("attributes", "vehicleId"), ("vehicleId",), ("relationships", "vehicle", "data", "id"),
             ("attributes", "vehicle", "id"), ("vehicle", "id"))  # fmt: skip
    return next(filter(None, (doc.text(one, *path) for path in paths)), "")
