"""Objects as they are kept and answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from evenload.openadr.v3.bodies import Request
from evenload.openadr.v3.instants import written_instant
from evenload.openadr.v3.parts import ObjectType

_ENCODER: Final = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Identity:
    """What the VTN says of an object, not its client."""

    object_id: str
    kind: ObjectType
    created_at: datetime
    modified_at: datetime
    client_id: str = ""


def body_of(request: Request, identity: Identity) -> bytes:
    """The JSON of an object without its targets."""
    told: dict[str, Any] = msgspec.to_builtins(request)
    told.pop("targets", None)
    told |= {
        "id": identity.object_id,
        "objectType": str(identity.kind),
        "createdDateTime": written_instant(identity.created_at),
        "modificationDateTime": written_instant(identity.modified_at),
    }
    if identity.client_id:
        told["clientID"] = identity.client_id
    return _ENCODER.encode(told)


def shown(body: bytes, targets: Sequence[str]) -> bytes:
    """The JSON of an object with those of its targets that are shown."""
    return body[:-1] + b',"targets":' + _ENCODER.encode(targets) + b"}" if targets else body


def listed(bodies: Sequence[bytes]) -> bytes:
    """A list of objects."""
    return b"[" + b",".join(bodies) + b"]"
