"""Clouds of cars: where drivers come back from consenting, and where clouds tell of cars by themselves."""

from html import escape
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from evenload.base.errors import EvenloadError
from evenload.domain.vehicle_state import Provider
from evenload.service.cars.links import CloudError
from evenload.service.ports import StoreError
from evenload.web.identity import services_of
from evenload.web.options import CarDoor
from evenload.web.problem import ProblemError

router = APIRouter(prefix="/v1/clouds", tags=["vehicle-links"])

WEBHOOK_BYTES_MAX: Final = 1 << 20
_TOLD: Final = ("state", "code", "user_id", "error", "error_description")
_WORD_LENGTH_MAX: Final = 4000
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
}  # fmt: skip


@router.get("/{provider}/callback", response_class=HTMLResponse)
async def come_back(request: Request, provider: Provider) -> Response:
    """Where a cloud sends a driver back to after consenting. Who has the state that was drawn for it may finish it."""
    told = {name: request.query_params.get(name, "")[:_WORD_LENGTH_MAX] for name in _TOLD}
    try:
        rows = await _door(request).finish(provider, told)
    except EvenloadError as error:
        if isinstance(error, StoreError) or "text/html" not in request.headers.get("accept", ""):
            raise
        status = 502 if isinstance(error, CloudError) else 409
        return _page("The car was not linked", f"{_sentence(error)} Nothing was changed.", status)
    names = ", ".join(row.model or row.vehicle_id for row in rows)
    return _page("Thank you", f"Linked: {names}. You may close this page.")


@router.post("/{provider}/webhook")
async def take_webhook(request: Request, provider: Provider) -> Response:
    """Where a cloud tells of cars by itself, signed with the secret in the settings."""
    body = await request.body()
    if len(body) > WEBHOOK_BYTES_MAX:
        raise ProblemError(413, f"a webhook has at most {WEBHOOK_BYTES_MAX} bytes", "too_long")
    found = _door(request).webhook(provider, dict(request.headers), body)
    if found.refusal is not None:
        raise ProblemError(found.status, found.refusal.sentence, found.refusal.value)
    return Response(found.answer, found.status, media_type=found.content_type if found.answer else None)


def _door(request: Request) -> CarDoor:
    door = services_of(request).cars
    if door is None:
        raise ProblemError(404, "no cloud of cars is set up on this server", "unknown")
    return door


def _sentence(error: EvenloadError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _page(title: str, text: str, status: int = 200) -> Response:
    body = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><h1>{escape(title)}</h1><p>{escape(text)}</p></html>"
    )
    return HTMLResponse(body, status, headers=_HEADERS)
