"""What comes to the server before Gradio sees it: which addresses there are, and how much may be sent.

Gradio serves more than the page uses: its API by name, a proxy, a monitor. All of that is closed.
"""

from __future__ import annotations

import re
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from playground.limits import Limits, limits

Message = dict[str, Any]

OPEN = re.compile(
    r"/|/config/?|/favicon\.ico|/theme\.css|/manifest\.json|/robots\.txt|/pwa_icon(/\d+)?|/(static|assets|svelte)/.+"
    r"|/gradio_api/(queue/(join|data|status)|run/predict/?|component_server/?|upload|upload_progress|cancel|reset/?"
    r"|heartbeat/[^/]+|file=.+|startup-events|app_id/?|login_check/?|theme\.css|token/?|user/?)"
)
"""The addresses that the page uses, as a whole."""

UPLOAD = "/gradio_api/upload"
MEGABYTE = 10**6
BYTES_A_CHARACTER = 6
"""Of text in JSON, at most."""

POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
]
"""Nothing is fetched from or sent to another machine, and what links give away stays here."""


class Guard:
    """ASGI middleware."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """Answer what is closed or too large, and pass on the rest."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = most_bytes(scope["path"], limits())
        if scope["method"] not in ("GET", "HEAD") and comes_from_elsewhere(scope):
            await JSONResponse({"detail": "Ask from the app's own page."}, 403)(
                scope, receive, with_headers(send)
            )
        elif not OPEN.fullmatch(scope["path"]):
            await JSONResponse({"detail": "Not Found"}, 404)(scope, receive, with_headers(send))
        elif declared_bytes(scope) > most:
            await JSONResponse({"detail": too_large(most)}, 413)(scope, receive, with_headers(send))
        else:
            await self.app(scope, counted(receive, most), with_headers(send))


def most_bytes(path: str, bounds: Limits) -> int:
    """Return how many bytes a request to an address may have."""
    upload = bounds.upload_megabytes * MEGABYTE
    if path == UPLOAD or not bounds.text_characters:
        return upload + MEGABYTE
    return BYTES_A_CHARACTER * bounds.text_characters + MEGABYTE


def too_large(most: int) -> str:
    """Say that a request is too large."""
    return f"This is more than {most // MEGABYTE} MB, the most that is taken here."


def comes_from_elsewhere(scope: Message) -> bool:
    """Tell whether a browser says that the page of another site sends a request."""
    return dict(scope["headers"]).get(b"sec-fetch-site", b"") == b"cross-site"


def declared_bytes(scope: Message) -> int:
    """Return the length that a request says it has; 0 where it does not say."""
    length = dict(scope["headers"]).get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0


def counted(receive: Any, most: int) -> Any:
    """Return a `receive` that raises once more than `most` bytes have come."""
    got = 0

    async def receive_counted() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > most:
            raise HTTPException(413, too_large(most))
        return message

    return receive_counted


def with_headers(send: Any) -> Any:
    """Return a `send` that adds the headers to an answer."""

    async def send_more(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *HEADERS]
        await send(message)

    return send_more
