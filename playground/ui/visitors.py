"""Who asks: read from the headers that a page's script (static/visitor.js) adds to every request.

Where strangers share a playground, the core asks here before it shows or changes a run, so no handler can
forget to: without a request, and without a secret, one is nobody and owns nothing.
"""

from __future__ import annotations

from pathlib import Path

from gradio.context import LocalContext

from playground import runs
from playground.limits import limits

SECRET_HEADER = "x-playground-visitor"
KEYS_HEADER = "x-playground-keys"
MOST_KEYS = 50

SCRIPT = Path(__file__).parent / "static" / "visitor.js"
HEAD = f"<script>{SCRIPT.read_text(encoding='utf-8')}</script>"
"""Stands in the head of a public page."""


def tell_visitors_apart() -> None:
    """Let the core ask who a request is from, if strangers share this playground."""
    if limits().public:
        runs.Asker.ask = staticmethod(visitor)


def visitor() -> runs.Visitor:
    """Return whose page sent the request that is being answered in this thread."""
    request = LocalContext.request.get(None)
    headers = getattr(request, "headers", None)
    if headers is None:
        return runs.Visitor()
    secret, keys = headers.get(SECRET_HEADER) or "", headers.get(KEYS_HEADER) or ""
    given = [key.strip() for key in keys.split(",")][:MOST_KEYS]
    return runs.Visitor(runs.owner_of_secret(secret), frozenset(key for key in given if key))


def scoped(token: str) -> str:
    """Return a name that a page has made up, as nobody else's page can say it."""
    asker = runs.Asker.ask()
    return token if asker is None else f"{asker.owner}:{token}"
