"""The clouds that settings name: how we are known there, and how they are reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from evenload.app.settings import Settings
from evenload.base.errors import InputError
from evenload.domain.vehicle_state import Provider
from evenload.telematics.port import Application, Host

CALLBACK: Final = "/v1/clouds/{}/callback"
WEBHOOK: Final = "/v1/clouds/{}/webhook"


@dataclass(frozen=True, slots=True)
class CloudAccess:
    """How a cloud is used. ``transport`` replaces the network (virtual clouds); ``hook`` is where, or by which id, it
    is to tell of cars, ``""`` where nothing is to be subscribed."""

    application: Application
    transport: httpx.AsyncBaseTransport | None = None
    hook: str = ""


def clouds_of(settings: Settings, public_url: str) -> dict[Provider, CloudAccess]:
    """Clouds that a client id is set for."""
    return {one: _access(settings, one, public_url) for one in _SHAPES if _told(settings, one, "client_id")}


def public_url_of(settings: Settings) -> str:
    """What browsers, and clouds, reach this server by."""
    scheme = "https" if settings.tls_key else "http"
    return (settings.public_url or f"{scheme}://{settings.host}:{settings.api_port}").rstrip("/")


def none_set(provider: Provider) -> InputError:
    """What to say where a cloud is not set up."""
    name = f"cars_{provider.value}_client_id"
    return InputError(
        f"{provider.value} is not set up on this server: set {name} and {name.replace('_id', '_secret')}; see "
        "docs/howto/connect-cars.md"
    )


_SHAPES: Final = (Provider.SMARTCAR, Provider.ENODE, Provider.TESLA)


def _access(settings: Settings, provider: Provider, public_url: str) -> CloudAccess:
    addresses = _addresses(provider, _told(settings, provider, "url"), settings.cars_smartcar_version)
    hooks = {
        Provider.SMARTCAR: settings.cars_smartcar_webhook_id,
        Provider.ENODE: "",  # one webhook tells of all cars; it is set up once, at Enode
        Provider.TESLA: settings.cars_tesla_telemetry_host,
    }
    if provider is Provider.TESLA and settings.cars_tesla_commands_url:
        addresses[Host.API] = settings.cars_tesla_commands_url
    application = Application(
        _told(settings, provider, "client_id"),
        _told(settings, provider, "client_secret"),
        public_url + CALLBACK.format(provider.value),
        _told(settings, provider, "webhook_secret"),
        addresses=addresses,
        audience=settings.cars_tesla_region_url if provider is Provider.TESLA else "",
        signal_version=settings.cars_smartcar_version if provider is Provider.SMARTCAR else "",
    )
    return CloudAccess(application, hook=hooks[provider])


def _addresses(provider: Provider, url: str, version: str) -> dict[Host, str]:
    """Where a cloud's hosts are if all of them are at one address."""
    if not url:
        return {}
    api = url.rstrip("/")
    if provider is Provider.SMARTCAR:
        api += "/v2.0" if version == "v2" else "/v3"
    return {Host.CONNECT: url.rstrip("/"), Host.AUTH: url.rstrip("/"), Host.API: api, Host.MANAGE: api}


def _told(settings: Settings, provider: Provider, what: str) -> str:
    told: Mapping[str, object] = {name: getattr(settings, name) for name in type(settings).model_fields}
    return str(told[f"cars_{provider.value}_{what}"])
