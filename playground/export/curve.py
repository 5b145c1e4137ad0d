"""The loss of a run over its steps as a small picture, with what counting alone can do as lines across it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from playground.files import is_number

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 56, 110, 16, 40
MAX_POINTS = 400
COLOURS = {"train_loss": "#9ab4d8", "val_loss": "#c2410c"}
LINES = ("uniform", "unigram", "bigram", "trigram")

Point = tuple[float, float]


def curve_svg(metrics: Sequence[Mapping[str, Any]], baselines: Mapping[str, Any]) -> str:
    """Return the picture as SVG; "" where there are not two points to join."""
    curves = {name: curve_of(metrics, name) for name in COLOURS}
    points = [point for curve in curves.values() for point in curve]
    if len(points) < 2:
        return ""
    held = {**baselines, **(baselines.get("held_out") or {})}
    lines = {name: float(held[name]) for name in LINES if is_number(held.get(name))}
    low = min([loss for _, loss in points] + list(lines.values()))
    high = max([loss for _, loss in points] + list(lines.values()))
    scale = _Scale(
        max(step for step, _ in points), low - 0.05 * (high - low or 1), high + 0.05 * (high - low or 1)
    )
    parts = [scale.axes()]
    parts += [scale.across(name, loss) for name, loss in lines.items()]
    parts += [scale.line(curve, COLOURS[name]) for name, curve in curves.items() if len(curve) > 1]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>{"".join(parts)}</svg>\n'
    )


def curve_of(metrics: Sequence[Mapping[str, Any]], name: str) -> list[Point]:
    """Return step and value of the records that have one, thinned so that peaks stay."""
    found = [
        (float(record["step"]), float(record[name]))
        for record in metrics
        if is_number(record.get("step")) and is_number(record.get(name))
    ]
    every = max(1, math.ceil(len(found) / MAX_POINTS))
    return found[::every] + (found[-1:] if (len(found) - 1) % every else [])


class _Scale:
    """Where a step and a loss lie in the picture."""

    def __init__(self, last_step: float, low: float, high: float) -> None:
        self.last_step, self.low, self.high = max(last_step, 1.0), low, high

    def x(self, step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * step / self.last_step

    def y(self, loss: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - loss) / (self.high - self.low)

    def axes(self) -> str:
        """Return the frame with five marks on each side."""
        right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
        parts = [f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#475569"/>']
        for part in range(5):
            step, loss = self.last_step * part / 4, self.low + (self.high - self.low) * part / 4
            parts.append(_text(self.x(step), bottom + 16, f"{step:,.0f}", "middle"))
            parts.append(_text(LEFT - 6, self.y(loss) + 4, f"{loss:.2f}", "end"))
        parts.append(_text((LEFT + right) / 2, HEIGHT - 6, "step", "middle"))
        parts.append(
            _text(LEFT + 6, TOP + 10, "loss, nats per token; orange: validation, blue: training", "start")
        )
        return "".join(parts)

    def across(self, name: str, loss: float) -> str:
        y, right = self.y(loss), WIDTH - RIGHT
        line = f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#64748b" stroke-dasharray="4 3"/>'
        return line + _text(right + 6, y + 4, f"{name} {loss:.2f}", "start")

    def line(self, curve: Sequence[Point], colour: str) -> str:
        points = " ".join(f"{self.x(step):.1f},{self.y(loss):.1f}" for step, loss in curve)
        return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>'


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#334155">{escape(words)}</text>'
