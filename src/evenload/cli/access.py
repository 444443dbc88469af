"""`evenload user` and `evenload key`: who may use the API and the pages."""

import secrets
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from evenload.base.errors import InputError, did_you_mean
from evenload.cli.ocpp_words import EVENLOAD_DB, Database, Tenant, known_tenant, now, opened, show_table, shown_instant
from evenload.cli.terminal import output
from evenload.service import access, keys
from evenload.service.access_rows import Role, UserRow
from evenload.service.scope import Scope

users = typer.Typer(no_args_is_help=True, help="Accounts of people for the API and the pages.")
keys_app = typer.Typer(no_args_is_help=True, help="Keys of programs to the API.")

_KEY_ID_BYTES: Final = 6
_SECRET_BYTES: Final = 32
_PASSWORD_BYTES: Final = 18

WhatRole = Annotated[Role, typer.Option(help="What it may do; each may do more than the one before.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The address of the account.")]
PasswordFrom = Annotated[Path | None, typer.Option(help="Read the password from a file; - is standard input.")]


@users.command("add")
def add_user(
    email: Email,
    role: WhatRole = Role.VIEWER,
    name: Annotated[str, typer.Option(help="What to call them.")] = "",
    password_from: PasswordFrom = None,
    elsewhere: Annotated[
        bool, typer.Option("--elsewhere", help="No password: comes in by the issuer's login.")
    ] = False,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Add an account. Without --password-from a password is drawn and printed once.

    Example:  evenload user add ann@example.org --role admin
    """
    if elsewhere and password_from:
        raise InputError("--elsewhere has no password: leave out --password-from")
    drawn = "" if elsewhere or password_from else secrets.token_urlsafe(_PASSWORD_BYTES)
    hashed = "" if elsewhere else _hashed(_read(password_from) if password_from else drawn)
    row = UserRow(tenant, secrets.token_hex(8), email, role, name, hashed)
    with opened(database, make=True) as store:
        access.add_user(_operator(tenant), store, row, now())
    _show(drawn)
    output.print(f"{email} may come in as {role.value}.", markup=False)


@users.command("list")
def list_users(database: Database = EVENLOAD_DB, tenant: Tenant = "home") -> None:
    """Show the accounts of a tenant."""
    with opened(database) as store:
        rows = access.users(_operator(tenant), store)
        if not rows:
            known_tenant(store, tenant)
    cells = [
        (row.email, row.name or "-", row.role.value, "password" if row.password_hash else row.issuer or "elsewhere",
         shown_instant(row.made_at), shown_instant(row.disabled_at))
        for row in rows
    ]  # fmt: skip
    show_table(("email", "name", "role", "comes in by", "made", "disabled"), cells, "No accounts yet.")


@users.command("disable")
def disable_user(
    email: Email,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
    enable: Annotated[bool, typer.Option("--enable", help="Let it in again.")] = False,
) -> None:
    """Keep an account out, at once; the last administrator stays.

    Example:  evenload user disable ann@example.org
    """
    instant = now()
    _change(
        database, tenant, email, lambda row: replace(row, disabled_at=None if enable else row.disabled_at or instant)
    )
    output.print(f"{email} may come in again." if enable else f"{email} may not come in any more.", markup=False)


@users.command("set-password")
def set_password(
    email: Email, password_from: PasswordFrom = None, database: Database = EVENLOAD_DB, tenant: Tenant = "home"
) -> None:
    """Give an account another password; every login of it ends. Without --password-from one is drawn."""
    drawn = "" if password_from else secrets.token_urlsafe(_PASSWORD_BYTES)
    hashed = _hashed(_read(password_from) if password_from else drawn)
    _change(database, tenant, email, lambda row: replace(row, password_hash=hashed))
    _show(drawn)
    output.print(f"{email} has another password.", markup=False)


@keys_app.command("add")
def add_key(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    role: WhatRole = Role.VIEWER,
    days: Annotated[float | None, typer.Option(min=0.001, help="Good for so many days; without it, for ever.")] = None,
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Make a key. It is printed once; only a hash of it is kept.

    Example:  evenload key add "meter gateway" --role operator
    """
    instant = now()
    key_id, secret = secrets.token_hex(_KEY_ID_BYTES), secrets.token_hex(_SECRET_BYTES)
    expires_at = None if days is None else instant + timedelta(days=days)
    with opened(database, make=True) as store:
        keys.add_key(_operator(tenant), store, key_id, secret, instant, name=name, role=role, expires_at=expires_at)
    output.print(f"Key, shown this once:  {keys.key_text(key_id, secret)}", markup=False)


@keys_app.command("list")
def list_keys(database: Database = EVENLOAD_DB, tenant: Tenant = "home") -> None:
    """Show the keys of a tenant, without their secrets."""
    with opened(database) as store:
        rows = keys.keys(_operator(tenant), store)
        if not rows:
            known_tenant(store, tenant)
    instant = now()
    cells = [
        (row.key_id, row.name, row.role.value, row.made_by, shown_instant(row.made_at),
         _standing(row.expires_at, row.revoked_at, instant))
        for row in rows
    ]  # fmt: skip
    show_table(("key", "name", "role", "made by", "made", "good until"), cells, "No keys yet.")


@keys_app.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="KEY", help="Its id: the part between evl_ and the second _.")],
    database: Database = EVENLOAD_DB,
    tenant: Tenant = "home",
) -> None:
    """Take a key back, at once and for good."""
    with opened(database) as store:
        keys.revoke_key(_operator(tenant), store, key_id, now())
    output.print(f"The key {key_id} is worth nothing any more.", markup=False)


def _operator(tenant: str) -> Scope:
    """Who can reach the database may do everything."""
    return Scope(tenant, "cli", Role.ADMIN)


def _change(database: Path, tenant: str, email: str, change: access.Change) -> None:
    with opened(database) as store:
        rows = access.users(_operator(tenant), store)
        access.change_user(_operator(tenant), store, _user_id(rows, email), now(), change)


def _user_id(rows: Sequence[UserRow], email: str) -> str:
    by_email = {row.email.casefold(): row.user_id for row in rows}
    if email.casefold() not in by_email:
        raise InputError(f"there is no account {email!r}.{did_you_mean(email, by_email)}")
    return by_email[email.casefold()]


def _hashed(password: str) -> str:
    from evenload.web.passwords import Argon2  # noqa: PLC0415 - loads when it is needed

    access.check_password(password)
    return Argon2().hash(password)


def _show(drawn: str) -> None:
    """Show a password that was drawn, now that it holds."""
    if drawn:
        output.print(f"Password, shown this once:  {drawn}", markup=False)


def _read(file: Path) -> str:
    try:
        return (sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")).rstrip("\r\n")
    except OSError as error:
        raise InputError(f"the password cannot be read from {file}: {error.strerror}") from error


def _standing(expires_at: datetime | None, revoked_at: datetime | None, instant: datetime) -> str:
    if revoked_at is not None:
        return f"revoked {shown_instant(revoked_at)}"
    if expires_at is None:
        return "-"
    return f"{'expired ' if expires_at <= instant else ''}{shown_instant(expires_at)}"
