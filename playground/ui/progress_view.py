"""How far a task is, as HTML: its phase, a bar, its rate and the time left."""

from __future__ import annotations

import html
from typing import Any


def render_progress(phase: str, pace: dict[str, Any] | None) -> str:
    """Return a bar; one that only moves where it is not known how much there is to do."""
    said = html.escape(phase[:1].upper() + phase[1:])
    if pace is None:
        return (
            f'<div class="pg-preparing"><span>{said} …</span>'
            f'<div class="pg-progress" role="progressbar" aria-label="{said}">'
            '<i class="pg-progress-busy"></i></div></div>'
        )
    percent = min(100.0, 100 * pace["share"])
    figures = f"{percent:.0f} % · {quantity(pace['rate'])} per second · {duration(pace['seconds_left'])} left"
    return (
        f'<div class="pg-preparing"><span>{said} · {figures}</span>'
        f'<div class="pg-progress" role="progressbar" aria-label="{said}" aria-valuenow="{percent:.0f}">'
        f'<i style="width:{percent:.1f}%"></i></div></div>'
    )


def quantity(value: float) -> str:
    """Return a number in few digits, as 3.1 M."""
    for factor, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.3g} {letter}"
    return f"{value:.3g}"


def duration(seconds: float) -> str:
    """Return a time in words that can be read at a glance."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
