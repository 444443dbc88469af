"""Settings of what runs for long: one frozen object from a file, the environment and the command line."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evenload.base.errors import InputError, did_you_mean
from evenload.base.input_words import in_plain_words
from evenload.files.yaml_mapping import load_yaml
from evenload.forecast.recipe import QUANTILES
from evenload.net.knock import TENANT

_PREFIX: Final = "EVENLOAD_"
_NO_SETTINGS: Final = ("EVENLOAD_VENV",)
_CAR_URLS: Final = (
    "cars_smartcar_url", "cars_enode_url", "cars_tesla_url", "cars_tesla_commands_url", "cars_tesla_region_url",
)  # fmt: skip


class Settings(BaseModel):
    """How a server runs. ``port`` is for stations, ``api_port`` for the API and pages. Times are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on, for stations, API and pages; 0.0.0.0 for all.",
    )
    port: int = Field(default=9000, ge=0, le=65535, description="Port for stations; 0 for a free one.")
    tls_certificate: Path | None = Field(
        default=None,
        description="Certificate chain (PEM), for wss:// and https://. Read again when it changes and upon SIGHUP.",
    )
    tls_key: Path | None = Field(default=None, description="Its private key (PEM).")
    stations_ca: Path | None = Field(
        default=None,
        description="Authority (PEM) of stations' own certificates; with it stations may prove who they are by one.",
    )
    stations_ca_key: Path | None = Field(
        default=None,
        description="Its private key (PEM), to sign the certificates that stations ask for.",
    )
    certificate_days: int = Field(
        default=365,
        ge=1,
        le=3650,
        description="How long certificates signed for stations are valid, in days.",
    )
    database: Path = Field(
        default=Path("evenload.db"),
        description="SQLite file; made if missing. Named, it goes before database_url.",
    )
    database_url: str = Field(
        default="",
        repr=False,
        description="PostgreSQL in place of SQLite, as in postgresql://user@host/database.",
    )
    tenants: tuple[str, ...] = Field(
        default=("home",),
        description="Tenants: the first part of stations' paths. In the environment separated by commas.",
    )
    unknown_stations: Literal["hold", "accept"] = Field(
        default="hold",
        description="What becomes of a station nobody knows: held until somebody approves it, or let in at once.",
    )
    unknown_tokens: Literal["accept", "refuse"] = Field(
        default="accept",
        description="Whether a card or app nobody listed may charge.",
    )
    connections_max: int = Field(default=20_000, ge=1, description="Stations connected at most.")
    heartbeat_s: int = Field(
        default=300,
        ge=1,
        description="How often stations are told to send heartbeats, in seconds.",
    )
    sample_s: int = Field(default=60, ge=1, description="How often stations are told to send meter values, in seconds.")
    drain_s: float = Field(
        default=10.0,
        ge=0,
        description="How long what was begun may take to finish when the server stops, in seconds.",
    )
    role: Literal["all", "stations", "site"] = Field(
        default="all",
        description="What runs: everything, charging stations only, or a site that has a server above it.",
    )
    api_port: int = Field(default=8000, ge=0, le=65535, description="Port of the API and the pages; 0 for a free one.")
    public_url: str = Field(
        default="",
        description='What browsers reach the server by, such as https://charge.example.org; "" for host and api_port.',
    )
    secret_file: Path = Field(
        default=Path("evenload.secret"),
        description="Secret that signs cookies and seals contact data; made if missing. With another one everybody "
        "logs in again, and contact data cannot be read: keep a copy of it.",
    )
    plan_every_s: float = Field(default=60.0, ge=0.5, description="How often to plan when nothing happens, in seconds.")
    plan_soon_s: float = Field(
        default=300.0, ge=1, description="How far ahead what was told must fit a new plan; more than plan_every_s."
    )
    plan_settle_s: float = Field(
        default=0.2,
        ge=0.01,
        le=10,
        description="How long to wait after something happened, so that what happens together is planned for together.",
    )
    plan_quantile: float = Field(
        default=0.9,
        gt=0,
        lt=1,
        description="Which quantile of the expected base load plans leave room for: higher is more careful.",
    )
    value_per_kwh: float = Field(
        default=0.3,
        ge=0,
        le=1000,
        description="What a kWh is worth that a driver who leaves early leaves without, beyond its price; 0 trusts all "
        "departures. Counts where enough sessions are known.",
    )
    forecast_every_s: float = Field(default=600.0, ge=1, description="How often to forecast base load, in seconds.")
    dry_run: bool = Field(default=False, description="Plan and log what would be told, but tell no station anything.")
    upstream: str = Field(default="", description="URL of the API that plans for this site; with role site.")
    upstream_key: str = Field(default="", repr=False, description="Key to that API.")
    site: str = Field(default="", description='Which site this is at that server; "" where the key sees only one.')
    relay_every_s: float = Field(default=1.0, ge=0.02, description="How often to speak with that server, in seconds.")
    alone_after_s: float = Field(
        default=300.0,
        ge=10,
        description="After so many seconds without that server, this one plans for its site alone.",
    )
    metrics_token: str = Field(default="", repr=False, description='Bearer token that /metrics asks for; "" for none.')
    webhooks_private: bool = Field(
        default=False,
        description="Whether webhooks may go to addresses inside this network.",
    )
    oidc_issuer: str = Field(
        default="",
        description="Issuer of logins (OpenID Connect), such as https://login.example.org/realms/grid.",
    )
    oidc_client_id: str = Field(default="", description="What this server is called there.")
    oidc_client_secret: str = Field(default="", repr=False, description="Its secret there.")
    oidc_audience: str = Field(default="", description='Whom bearer tokens are for; "" for oidc_client_id.')
    cars_smartcar_client_id: str = Field(default="", description="What this server is called at Smartcar.")
    cars_smartcar_client_secret: str = Field(default="", repr=False, description="Its secret there.")
    cars_smartcar_webhook_secret: str = Field(
        default="", repr=False, description="What Smartcar signs its webhooks with; without it none is believed."
    )
    cars_smartcar_webhook_id: str = Field(
        default="", description='Webhook at Smartcar that is to tell of linked cars; "" for none: cars are asked then.'
    )
    cars_smartcar_version: Literal["v2", "v3"] = Field(default="v3", description="Which version of its API.")
    cars_smartcar_url: str = Field(default="", description="All its addresses, in place of the public ones.")
    cars_enode_client_id: str = Field(default="", description="What this server is called at Enode.")
    cars_enode_client_secret: str = Field(default="", repr=False, description="Its secret there.")
    cars_enode_webhook_secret: str = Field(
        default="", repr=False, description="What Enode signs its webhooks with; without it none is believed."
    )
    cars_enode_url: str = Field(default="", description="All its addresses, in place of the public ones.")
    cars_tesla_client_id: str = Field(default="", description="What this server is called at Tesla.")
    cars_tesla_client_secret: str = Field(default="", repr=False, description="Its secret there.")
    cars_tesla_webhook_secret: str = Field(
        default="", repr=False, description="What the telemetry server signs the records with that it hands on."
    )
    cars_tesla_telemetry_host: str = Field(
        default="", description='Telemetry server that cars stream to; "" for none: cars are asked then.'
    )
    cars_tesla_commands_url: str = Field(
        default="", description="The proxy that signs commands (tesla-http-proxy); without it cars take none."
    )
    cars_tesla_region_url: str = Field(
        default="", description="Tesla's address for the region; North America's without."
    )
    cars_tesla_url: str = Field(default="", description="All its addresses, in place of the public ones.")
    readings_days_hot: float = Field(
        default=2.0,
        ge=1,
        le=31,
        description="How many days readings lie as they came, before they are packed a day at a time.",
    )
    readings_days: int = Field(default=400, ge=0, description="How many days readings are kept; 0 for good.")
    quarters_days: int = Field(
        default=1200,
        ge=0,
        description="How many days means of quarter hours and loads of circuits are kept; 0 for good.",
    )
    events_days: int = Field(default=90, ge=0, description="How many days events are kept; 0 for good.")
    orders_days: int = Field(default=90, ge=0, description="How many days answered orders are kept; 0 for good.")
    decisions_days: int = Field(
        default=90, ge=0, description="How many days decisions, and what drivers were told, are kept; 0 for good."
    )
    plans_hours: int = Field(default=48, ge=0, description="How many hours plans are kept; 0 for good.")
    people_database_url: str = Field(
        default="",
        repr=False,
        description="Where names and addresses are kept, apart from everything else: an SQLite file or a postgresql:// "
        'address; "" for a file beside database, such as evenload.people.db.',
    )
    people_days: int = Field(
        default=400,
        ge=0,
        description="How many days after the last consent ended somebody is forgotten; 0 for never.",
    )
    messages_days: int = Field(default=400, ge=0, description="How many days the log of messages is kept; 0 for good.")
    notify_email_url: str = Field(
        default="",
        repr=False,
        description="Service that sends e-mail, as an address of Apprise with {address} in it: "
        "mailtos://user:password@example.org?to={address}.",
    )
    notify_sms_url: str = Field(
        default="",
        repr=False,
        description="Service that sends SMS, as an address of Apprise with {address} in it.",
    )
    notify_push_url: str = Field(
        default="",
        repr=False,
        description="Service that sends push messages, as an address of Apprise with {address} in it.",
    )
    notify_file: Path | None = Field(
        default=None,
        description="Where no service is set up: file that messages are written to in place of being sent.",
    )
    notify_sender: str = Field(
        default="evenload", min_length=1, max_length=60, description="Who messages say that they are from."
    )
    notify_per_minute: float = Field(default=60.0, gt=0, le=60_000, description="Most messages sent in a minute.")
    notify_timeout_s: float = Field(
        default=20.0, ge=1, le=300, description="How long a service may take for a message, in seconds."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="The least important entries that are logged.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="How logs are written: lines of text, or an object of JSON a line.",
    )

    @property
    def store(self) -> str | Path:
        """Where things are kept: a file that is named goes before an address."""
        named = self.database != Settings.model_fields["database"].default
        return self.database if named or not self.database_url else self.database_url

    @property
    def people_store(self) -> str | Path:
        """Where identities are kept."""
        return self.people_database_url or self.database.with_name(f"{self.database.stem}.people.db")

    @property
    def notify_urls(self) -> dict[str, str]:
        """Services that are set up, by way."""
        told = {"push": self.notify_push_url, "sms": self.notify_sms_url, "email": self.notify_email_url}
        return {way: url for way, url in told.items() if url}

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together: give both or none")
        if self.stations_ca is not None and self.tls_key is None:
            raise ValueError("stations_ca needs tls_certificate and tls_key: certificates are shown over TLS")
        if self.stations_ca_key is not None and self.stations_ca is None:
            raise ValueError("stations_ca_key needs stations_ca: the certificate that belongs to the key")
        if bool(self.oidc_issuer) != bool(self.oidc_client_id):
            raise ValueError("oidc_issuer and oidc_client_id go together: give both or none")
        if self.plan_quantile not in QUANTILES:
            raise ValueError(f"plan_quantile is one of {', '.join(map(str, QUANTILES))}")
        if (self.role == "site") != bool(self.upstream and self.upstream_key):
            raise ValueError("role site needs upstream and upstream_key: the server that plans for it, and a key there")
        if self.role == "site" and len(self.tenants) != 1:
            raise ValueError("a site has one tenant")
        return self

    @model_validator(mode="after")
    def _written_right(self) -> "Settings":
        if not self.tenants:
            raise ValueError("tenants: at least one is needed")
        if odd := [name for name in self.tenants if not TENANT.fullmatch(name)]:
            raise ValueError(f"the tenant {odd[0]!r} cannot be part of a path: it has 1 to 48 letters, digits, - and _")
        if self.upstream and not _is_url(self.upstream):
            raise ValueError(f"upstream {self.upstream!r} is not an address such as https://charge.example.org")
        return self

    @model_validator(mode="after")
    def _cars(self) -> "Settings":
        for cloud in ("smartcar", "enode", "tesla"):
            names = (f"cars_{cloud}_client_id", f"cars_{cloud}_client_secret")
            if len({bool(getattr(self, name)) for name in names}) > 1:
                raise ValueError(f"{names[0]} and {names[1]} go together: give both or none")
        for name in _CAR_URLS:
            if (url := getattr(self, name)) and not _is_safe_url(url):
                raise ValueError(f"{name} {url!r} is not an address such as https://cars.example.org")
        return self


def settings_from(file: Path | None, environment: Mapping[str, str], given: Mapping[str, Any]) -> Settings:
    """Settings from all sources. What is given wins over the environment, the environment over the file.

    ``given`` without ``None``. ``InputError`` names the setting and the reason.
    """
    told = (_from_file(file) if file else {}) | _from_environment(environment)
    told |= {name: value for name, value in given.items() if value is not None}
    for name in told:
        if name not in Settings.model_fields:
            raise InputError(f"there is no setting {name!r}.{did_you_mean(name, Settings.model_fields)}")
    try:
        return Settings.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "settings"
        raise InputError(f"{where}: {in_plain_words(first['msg'])}") from error


def told_by(file: Path | None, environment: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, str]:
    """Where each setting has its value from: the file, a variable of the environment, the command line, the default."""
    names = Settings.model_fields
    return (
        dict.fromkeys(names, "default")
        | dict.fromkeys(_from_file(file) if file else {}, f"file {file}")
        | {name: variable_of(name) for name in _from_environment(environment)}
        | {name: "command line" for name, value in given.items() if value is not None}
    )


def variable_of(name: str) -> str:
    """The variable of a setting in the environment."""
    return f"{_PREFIX}{name.upper()}"


def misspelt(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that looks like a setting and is none."""
    known = {*map(variable_of, Settings.model_fields), *_NO_SETTINGS}
    odd = sorted(name for name in environment if name.startswith(_PREFIX) and name not in known)
    return [f"{name} is no setting and has no effect.{did_you_mean(name, known)}" for name in odd]


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _is_safe_url(text: str) -> bool:
    """Whether secrets may be sent there: over TLS, or within this machine."""
    return _is_url(text) and (text.startswith("https:") or urlsplit(text).hostname in ("localhost", "127.0.0.1", "::1"))


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    names = {variable_of(name): name for name in Settings.model_fields}
    told: dict[str, Any] = {names[key]: value for key, value in environment.items() if key in names}
    if "tenants" in told:
        told["tenants"] = tuple(told["tenants"].replace(",", " ").split())
    return told


def _from_file(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
        told = tomllib.loads(text) if file.suffix == ".toml" else load_yaml(text)
    except OSError as error:
        raise InputError(f"the settings file {file} cannot be read: {os.strerror(error.errno or 0)}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"the settings file {file} is not understood: {' '.join(str(error).split())}") from error
    if not isinstance(told, dict):
        line = "name = value" if file.suffix == ".toml" else "name: value"
        raise InputError(f"the settings file {file} holds no settings: write each on a line, as `{line}`")
    return told
