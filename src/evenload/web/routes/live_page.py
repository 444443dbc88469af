"""The live page: what goes on now, in a browser. It asks nobody but this server for anything."""

import hashlib
from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request, Response

from evenload.report.palette import page_palette

router = APIRouter(include_in_schema=False)

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@cache
def _file(name: str) -> tuple[bytes, str]:
    """A packaged file and its tag."""
    text = files("evenload.web").joinpath("static", name).read_text(encoding="utf-8")
    content = ((page_palette() + text) if name.endswith(".css") else text).encode()
    return content, f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def _answer(request: Request, name: str, media_type: str) -> Response:
    content, tag = _file(name)
    headers = {**_HEADERS, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


@router.get("/live")
async def page(request: Request) -> Response:
    """The page."""
    return _answer(request, "live.html", "text/html")


@router.get("/live.css")
async def style(request: Request) -> Response:
    """How it looks."""
    return _answer(request, "live.css", "text/css")


@router.get("/live.js")
async def script(request: Request) -> Response:
    """How it lives."""
    return _answer(request, "live.js", "text/javascript")
