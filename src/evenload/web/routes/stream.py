"""News as they come, for pages and programs that stay."""

from typing import Annotated, Any, Final

from fastapi import Header, Query, Request
from fastapi.responses import StreamingResponse

from evenload.web.fields import TOPICS_PATTERN
from evenload.web.hub import Hub, Topic
from evenload.web.identity import Asking
from evenload.web.tenant_route import tenant_router

router = tenant_router("stream", "stream")

_LIFETIME_S: Final = 900.0
"""Then a stream ends and the browser asks again: a login that was taken back is not good for longer."""
_DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
        "description": "Server-sent events, `event` is the topic and `data` its state as JSON.",
    }
}


class Stream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


@router.get("", response_class=Stream, responses=_DESCRIBED)
async def stream(
    request: Request, scope: Asking,
    topics: Annotated[
        str, Query(max_length=100, pattern=TOPICS_PATTERN, examples=["load,sessions"])
    ] = ",".join(Topic),
    last_event_id: Annotated[str, Header(max_length=300, description="Browsers send it when they come back.")] = "",
) -> Stream:  # fmt: skip
    """The latest state of each topic, and again whenever it changes. A comment each 15 s shows that the line stands."""
    hub: Hub = request.app.state.hub
    chosen = list(dict.fromkeys(Topic(one) for one in topics.split(",")))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(hub.listen(scope.tenant, chosen, last_event_id, _LIFETIME_S), headers=headers)
