"""Settings of what runs for long: one frozen object from a file, the environment and the command line."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evenload.base.errors import InputError, did_you_mean
from evenload.files.yaml_mapping import load_yaml
from evenload.forecast.recipe import QUANTILES

_PREFIX: Final = "EVENLOAD_"


class Settings(BaseModel):
    """How a server runs. ``port`` is for stations, ``api_port`` for the API and pages. Times are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=9000, ge=0, le=65535)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    stations_ca: Path | None = None
    stations_ca_key: Path | None = None
    certificate_days: int = Field(default=365, ge=1, le=3650)
    database: Path = Path("evenload.db")
    database_url: str = Field(default="", repr=False)
    tenants: tuple[str, ...] = ("home",)
    unknown_stations: Literal["hold", "accept"] = "hold"
    unknown_tokens: Literal["accept", "refuse"] = "accept"
    connections_max: int = Field(default=20_000, ge=1)
    heartbeat_s: int = Field(default=300, ge=1)
    sample_s: int = Field(default=60, ge=1)
    drain_s: float = Field(default=10.0, ge=0)
    role: Literal["all", "stations", "site"] = "all"
    api_port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = ""
    secret_file: Path = Path("evenload.secret")
    plan_every_s: float = Field(default=60.0, ge=0.5)
    plan_settle_s: float = Field(default=0.2, ge=0.01, le=10)
    plan_quantile: float = Field(default=0.9, gt=0, lt=1)
    forecast_every_s: float = Field(default=600.0, ge=1)
    dry_run: bool = False
    upstream: str = ""
    upstream_key: str = Field(default="", repr=False)
    site: str = ""
    alone_after_s: float = Field(default=300.0, ge=10)
    metrics_token: str = Field(default="", repr=False)
    webhooks_private: bool = False
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = Field(default="", repr=False)
    oidc_audience: str = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    @property
    def store(self) -> str | Path:
        """Where things are kept: a file that is named goes before an address."""
        named = self.database != Settings.model_fields["database"].default
        return self.database if named or not self.database_url else self.database_url

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
        if not self.tenants:
            raise ValueError("tenants: at least one is needed")
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
        raise InputError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    names = {f"{_PREFIX}{name.upper()}": name for name in Settings.model_fields}
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
        raise InputError(f"the settings file {file} must be a list of `name = value`")
    return told
