"""Keys to the API."""

from fastapi import Response
from pydantic import Field

from evenload.service import keys
from evenload.service.access_rows import KeyRow, Role
from evenload.web.fields import Instant, NameInPath, Resource, Text, example
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page
from evenload.web.tenant_route import ONCE, NewId, tenant_router

router = tenant_router("keys", "keys")

_ID_LENGTH = 12


class KeyBody(Resource, json_schema_extra=example(name="meter gateway", role="operator")):
    """A key as it is made."""

    name: Text = Field(min_length=1, description="What it is for.", examples=["meter gateway"])
    role: Role = Field(Role.VIEWER, description="What its bearer may do; at most what its maker may.")
    expires_at: Instant | None = Field(None, description="Null for never.")


class Key(Resource):
    """A key, without its secret."""

    key_id: str
    name: str
    role: Role
    made_by: str
    made_at: Instant | None
    expires_at: Instant | None
    revoked_at: Instant | None

    @classmethod
    def of(cls, row: KeyRow) -> "Key":
        """As it is answered."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class NewKey(Resource):
    """A key that was just made."""

    key: Key
    text: str = Field(description="Shown this once: send it as `Authorization: Bearer`.", examples=["evl_..."])


@router.get("")
def list_keys(scope: Asking, services: With, cut: Cutting) -> Page[Key]:
    """Keys, by id. Role: admin."""
    return cut.of_all(keys.keys(scope, services.store), lambda one: one.key_id, Key.of)


@router.post("", status_code=201, dependencies=[ONCE])
def add_key(scope: Asking, services: With, body: KeyBody, drawn: NewId, response: Response) -> NewKey:
    """Make a key. Its text is answered this once; only a hash is kept. Role: admin."""
    key_id, secret = drawn[:_ID_LENGTH], services.draw() + services.draw()
    row = keys.add_key(
        scope, services.store, key_id, secret, services.clock(), name=body.name, role=body.role,
        expires_at=body.expires_at,
    )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return NewKey(key=Key.of(row), text=keys.key_text(key_id, secret))


@router.delete("/{key_id}")
def revoke_key(scope: Asking, services: With, key_id: NameInPath) -> Key:
    """Take a key back at once and for good. Role: admin."""
    return Key.of(keys.revoke_key(scope, services.store, key_id, services.clock()))
