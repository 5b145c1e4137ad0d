"""The learning rate over a run as a picture, by the formulas that training uses."""

from __future__ import annotations

import math

from playground.config import OptimConfig
from playground.schedules import lr_at

WIDTH, HEIGHT = 280, 92
LEFT, RIGHT, TOP, BOTTOM = 4, 4, 18, 16
POINTS = 160


def rate_at(step: int, optim: OptimConfig, steps: int) -> float:
    """Return the rate with which a step really moves the weights: SGD divides its own by sqrt(step + 1)."""
    rate = lr_at(step, optim, steps)
    return rate / math.sqrt(step + 1) if optim.optimizer == "sgd" else rate


def schedule_svg(optim: OptimConfig, steps: int) -> str:
    """Return the picture; what it shows is said in words for those who don't see it."""
    shown = sorted({round(i * (steps - 1) / (POINTS - 1)) for i in range(POINTS)} | _corners(optim, steps))
    rates = [rate_at(step, optim, steps) for step in shown]
    highest = max(rates)

    def place(step: int, rate: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * step / max(1, steps - 1)
        return x, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * rate / highest

    line = " ".join("{:.1f},{:.1f}".format(*place(s, r)) for s, r in zip(shown, rates, strict=True))
    floor = HEIGHT - BOTTOM
    x, y = place(shown[rates.index(highest)], highest)
    anchor = "start" if x < WIDTH / 3 else "end" if x > 2 * WIDTH / 3 else "middle"
    said = schedule_words(optim, steps)
    return (
        f'<svg class="pg-schedule" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}">'
        f'<polygon points="{LEFT},{floor} {line} {WIDTH - RIGHT},{floor}"/>'
        f'<line x1="{LEFT}" y1="{floor}" x2="{WIDTH - RIGHT}" y2="{floor}"/>'
        f'<polyline points="{line}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        f'<text x="{x:.1f}" y="{TOP - 7}" text-anchor="{anchor}">{highest:.3g}</text>'
        f'<text x="{LEFT}" y="{HEIGHT - 4}">step 1</text>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{steps:,}</text>'
        f'</svg><p class="pg-note">{said}</p>'
    )


def _corners(optim: OptimConfig, steps: int) -> set[int]:
    """Return the steps at which the curve has a corner, so that the picture does not round it off."""
    return {max(0, min(optim.warmup_steps, steps) - 1), steps - 1}


def schedule_words(optim: OptimConfig, steps: int) -> str:
    """Return what the picture shows, in a sentence or two."""
    warmup = min(optim.warmup_steps, steps)
    rise = f"Rises to {optim.lr:.3g} over {warmup:,} steps, " if warmup else f"Begins at {optim.lr:.3g}, "
    falls = {
        "constant": "then stays there.",
        "linear": f"then falls in a straight line to {optim.lr_min:.3g} at step {steps:,}.",
        "cosine": f"then falls as half a cosine to {optim.lr_min:.3g} at step {steps:,}.",
        "wsd": f"stays there, and falls to {optim.lr_min:.3g} over the last fifth of {steps:,} steps.",
    }
    said = rise + falls[optim.schedule]
    if optim.optimizer == "sgd":
        said += " SGD here also divides it by the root of the step, which is drawn."
    if optim.optimizer == "muon":
        said += f" Muon's rate does the same, up to {optim.muon_lr:.3g}."
    return said
