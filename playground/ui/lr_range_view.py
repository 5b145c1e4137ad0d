"""What a learning-rate range test found, as a picture: the loss over rates that rise."""

from __future__ import annotations

import html
import json
import math
from typing import Any

from playground.ui import messages

WIDTH, HEIGHT = 280, 150
LEFT, RIGHT, TOP, BOTTOM = 30, 6, 10, 18

Trial = dict[str, Any]


def range_svg(trials: list[Trial], found: dict[str, Any] | None, lowest: float, highest: float) -> str:
    """Return the curve so far: each loss as a dot, the smoothed loss as a line, the suggestion as a mark."""
    shown = [t for t in trials if math.isfinite(t["smoothed"]) and math.isfinite(t["loss"])]
    if not shown:
        return ""
    first = shown[0]["smoothed"]
    top, bottom = 1.1 * first, min(t["smoothed"] for t in shown)
    bottom -= 0.05 * (top - bottom)

    def x(lr: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(lr / lowest) / math.log(highest / lowest)

    def y(loss: float) -> float:
        share = (min(max(loss, bottom), top) - bottom) / (top - bottom)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    dots = "".join(f'<circle cx="{x(t["lr"]):.1f}" cy="{y(t["loss"]):.1f}" r="1.2"/>' for t in shown)
    line = " ".join(f"{x(t['lr']):.1f},{y(t['smoothed']):.1f}" for t in shown)
    mark = ""
    if found and found["suggestion"]:
        at = x(found["suggestion"])
        anchor = "end" if at > WIDTH / 2 else "start"
        mark = (
            f'<line class="pg-range-mark" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
            f'<text x="{at:.1f}" y="{TOP}" text-anchor="{anchor}">{found["suggestion"]:.2g}</text>'
        )
    return (
        f'<svg class="pg-schedule pg-range" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="The loss over a rising learning rate">{_axes(x, y, lowest, highest, bottom, top)}'
        f'{dots}<polyline points="{line}"/>{mark}</svg>'
    )


def _axes(x: Any, y: Any, lowest: float, highest: float, bottom: float, top: float) -> str:
    floor = HEIGHT - BOTTOM
    parts = [f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{floor}" y2="{floor}"/>']
    for power in range(math.ceil(math.log10(lowest) - 1e-9), math.floor(math.log10(highest) + 1e-9) + 1):
        at = x(10.0**power)
        parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{floor}" y2="{floor + 3}"/>')
        if power % 2 == 0:
            parts.append(f'<text x="{at:.1f}" y="{HEIGHT - 4}" text-anchor="middle">1e{power}</text>')
    for loss in (bottom + 0.05 * (top - bottom), top):
        parts.append(f'<text x="{LEFT - 4}" y="{y(loss) + 4:.1f}" text-anchor="end">{loss:.2f}</text>')
    return "".join(parts)


def range_html(trials: list[Trial], found: dict[str, Any] | None, lowest: float, highest: float) -> str:
    """Return the picture, and once the test is over what it found, with a button to take that rate."""
    picture = range_svg(trials, found, lowest, highest)
    if found is None:
        return picture
    offer = ""
    if found["suggestion"]:
        change = html.escape(json.dumps({"optim.lr": found["suggestion"]}), quote=True)
        offer = (
            f'<button type="button" data-settings-change="{change}">Use this rate: '
            f"{found['suggestion']:.2g}</button>"
        )
    return picture + messages.note(found["why"]) + offer
