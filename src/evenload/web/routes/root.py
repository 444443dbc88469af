"""The way in for who asks for nothing in particular: where everything is."""

from html import escape
from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

router = APIRouter(include_in_schema=False)

_PLACES: Final = {
    "/live": "what goes on now",
    "/docs": "the API, to read and to try",
    "/openapi.json": "the API, for programs",
    "/v1/sites": "the API itself; a key is needed",
    "/readyz": "whether the server can work",
}
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@router.get("/")
async def root(request: Request) -> Response:
    """A small page for browsers, JSON for programs."""
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse({"name": "evenload", "version": version("evenload"), "places": _PLACES}, headers=_HEADERS)
    items = "".join(f'<li><a href="{path}">{path}</a>: {escape(text)}</li>' for path, text in _PLACES.items())
    page = f'<!doctype html><html lang="en"><title>evenload</title><h1>evenload</h1><ul>{items}</ul></html>'
    return HTMLResponse(page, headers=_HEADERS)
