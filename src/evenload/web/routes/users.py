"""Users: accounts of people."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field

from evenload.service import access
from evenload.service.access_rows import Role, UserRow
from evenload.web.fields import EMAIL_PATTERN, Instant, NameInPath, Resource, Switch, Text, example
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page
from evenload.web.tenant_route import ONCE, Expected, NewId, set_tag, tenant_router

router = tenant_router("users", "users")

Password = Annotated[
    str, Field(min_length=access.PASSWORD_LENGTH_MIN, max_length=access.PASSWORD_LENGTH_MAX, description="Anything.")
]


class UserBody(
    Resource,
    json_schema_extra=example(email="ann@example.org", name="Ann", role="operator", password="correct horse battery"),  # noqa: S106 - nobody has it
):
    """An account as it is made."""

    email: str = Field(min_length=3, max_length=254, pattern=EMAIL_PATTERN, examples=["ann@example.org"])
    name: Text = Field("", examples=["Ann"])
    role: Role = Field(Role.VIEWER, description="What it may do; each may more than the one before.")
    password: Password | None = Field(None, description="Null where it comes in by a login elsewhere.")


class UserChange(Resource, json_schema_extra=example(role="admin")):
    """What is to change of an account; null leaves it."""

    name: Text | None = None
    role: Role | None = None
    password: Password | None = None
    disabled: Switch | None = Field(None, description="Whether it may come in no more.")


class User(Resource):
    """An account."""

    user_id: str
    email: str
    name: str
    role: Role
    has_password: bool = Field(description="False where it comes in by a login elsewhere.")
    made_at: Instant | None
    disabled_at: Instant | None

    @classmethod
    def of(cls, row: UserRow) -> "User":
        """As it is answered."""
        return cls(
            user_id=row.user_id, email=row.email, name=row.name, role=row.role, made_at=row.made_at,
            has_password=bool(row.password_hash), disabled_at=row.disabled_at,
        )  # fmt: skip


@router.get("")
def list_users(scope: Asking, services: With, cut: Cutting) -> Page[User]:
    """Accounts, by id. Role: admin."""
    return cut.of_all(access.users(scope, services.store), lambda one: one.user_id, User.of)


@router.post("", status_code=201, dependencies=[ONCE])
def add_user(scope: Asking, services: With, body: UserBody, user_id: NewId, response: Response) -> User:
    """Make an account. Role: admin."""
    scope.require(Role.ADMIN)  # before the slow hash
    hashed = services.passwords.hash(body.password) if body.password else ""
    wanted = UserRow(scope.tenant, user_id, body.email, body.role, body.name, hashed)
    row = access.add_user(scope, services.store, wanted, services.clock())
    response.headers["Location"] = f"/v1/users/{row.user_id}"
    set_tag(response, row)
    return User.of(row)


@router.get("/{user_id}")
def get_user(scope: Asking, services: With, user_id: NameInPath, response: Response) -> User:
    """One account. Role: admin."""
    row = access.user(scope, services.store, user_id)
    set_tag(response, row)
    return User.of(row)


@router.patch("/{user_id}")
def change_user(
    scope: Asking, services: With, user_id: NameInPath, body: UserChange, expected: Expected, response: Response
) -> User:
    """Change an account; the last administrator stays one. Role: admin."""
    scope.require(Role.ADMIN)
    now = services.clock()
    hashed = services.passwords.hash(body.password) if body.password else ""
    row = access.change_user(
        scope, services.store, user_id, now, lambda row: _changed(row, body, hashed, now), expected=expected
    )
    set_tag(response, row)
    return User.of(row)


def _changed(row: UserRow, body: UserChange, hashed: str, now: datetime) -> UserRow:
    disabled_at = row.disabled_at
    if body.disabled is not None:
        disabled_at = (row.disabled_at or now) if body.disabled else None
    return replace(
        row, name=row.name if body.name is None else body.name, role=body.role or row.role,
        password_hash=hashed or row.password_hash, disabled_at=disabled_at,
    )  # fmt: skip
