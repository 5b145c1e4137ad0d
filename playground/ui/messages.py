"""One clear sentence where the person is looking."""

from __future__ import annotations

import html
from collections.abc import Sequence

from playground.limits import DUPLICATE, duplicate_address


def error(text: str) -> str:
    """Return an error as HTML, its text escaped; what it says on duplicating this Space is a link."""
    said, address = html.escape(text), duplicate_address()
    if address:
        said = said.replace(DUPLICATE, f'<a href="{html.escape(address)}" target="_blank">{DUPLICATE}</a>')
    return f'<p class="pg-error" role="alert">{said}</p>'


def is_error(shown: str | None) -> bool:
    """Tell whether HTML is what `error` returned."""
    return (shown or "").startswith('<p class="pg-error"')


def tiles(figures: Sequence[tuple[str, str]]) -> str:
    """Return a row of figures, each with its name, as HTML."""
    cards = (
        f'<div class="pg-tile"><span>{html.escape(name)}</span><strong>{html.escape(value)}</strong></div>'
        for name, value in figures
    )
    return f'<div class="pg-tiles">{"".join(cards)}</div>'


def note(text: str) -> str:
    """Return a hint as HTML, its text escaped; nothing for no text."""
    return f'<p class="pg-note">{html.escape(text)}</p>' if text else ""
