"""The line under the title that says what visitors may do here; nothing on one's own machine."""

from __future__ import annotations

import html

from playground.config.docs import field_docs
from playground.limits import ANYTHING, Limits, duplicate_address, variable
from playground.ui.progress_view import duration, quantity


def limits_html(bounds: Limits) -> str:
    """Return the line and, folded, every limit with the name of its setting."""
    if not bounds.public:
        return ""
    return (
        f'<details class="pg-limits" data-testid="limits"><summary>{_sentence(bounds)}</summary>'
        f"<table>{''.join(_rows(bounds))}</table></details>"
    )


def _sentence(bounds: Limits) -> str:
    parts = [
        f"{quantity(bounds.parameters)} parameters" if bounds.parameters else "",
        f"{bounds.steps:,} steps" if bounds.steps else "",
        duration(bounds.run_seconds) if bounds.run_seconds else "",
    ]
    most = ", ".join(part for part in parts if part)
    most = f" A run may have {most}." if most else ""
    address = duplicate_address()
    more = f' <a href="{html.escape(address)}" target="_blank">Duplicate this Space</a> for more.'
    return f"Public playground: you alone see your runs until you share them.{most}{more if address else ''}"


def _rows(bounds: Limits) -> list[str]:
    rows = []
    for name, text in field_docs(Limits).items():
        if name == "public":
            continue
        value = getattr(bounds, name)
        empty = "none" if name == "hub" else "no limit"
        said = f"{value:,}" if isinstance(value, int) else value.replace(ANYTHING, "all")
        cells = (text.partition(";")[0].rstrip("."), said if value else empty)
        words = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
        rows.append(f"<tr>{words}<td><code>{variable(name)}</code></td></tr>")
    return rows
