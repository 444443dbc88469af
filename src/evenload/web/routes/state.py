"""What goes on now, in one answer, and what did in the last day."""

from fastapi import Response
from pydantic_core import to_json

from evenload.service.live_state import LiveHistory, LiveState
from evenload.web.identity import Asking, With
from evenload.web.tenant_route import tenant_router

router = tenant_router("state", "state")

_JSON = "application/json"


@router.get("", response_model=LiveState)
def get_state(scope: Asking, services: With) -> Response:
    """Circuits with their load and limits, cars, price, plan and what hinders it. `/v1/stream` tells it as it comes."""
    state = services.state(scope.tenant) if services.state else LiveState(scope.tenant, services.clock())
    return Response(to_json(state), media_type=_JSON)


@router.get("/history", response_model=LiveHistory)
def get_history(scope: Asking, services: With) -> Response:
    """The last day at the circuit that stands for the whole, every five minutes; columns of the same length."""
    history = services.history(scope.tenant) if services.history else LiveHistory()
    return Response(to_json(history), media_type=_JSON)
