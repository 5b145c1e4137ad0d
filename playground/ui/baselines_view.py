"""What counting alone can do on a text, as bars, before any training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from playground.answers import of_answers

UNITS = [("nats per token", "nats"), ("bits per byte", "bits"), ("perplexity", "perplexity")]

LESSONS = {
    "uniform": ("Finds every token equally likely", "that some tokens are common and others rare"),
    "unigram": ("Knows how common each token is", "which token tends to follow which"),
    "bigram": ("Knows which token follows which", "to look further back than one token"),
    "trigram": ("Knows the last two tokens", "longer words and set phrases"),
    "4-gram": ("Knows the last three tokens", "phrases that counting has hardly ever seen twice"),
    "5-gram": ("Knows the last four tokens", "what lies further back: names, topics, rules, structure"),
}
"""Of each line: what it stands for, and what a model must learn to beat it."""

FLOOR = "The law of the source itself: nobody can do better on average"


@dataclass(frozen=True)
class Line:
    """One baseline, in nats per token; None where it is not known."""

    name: str
    held_out: float | None
    in_sample: float | None


@dataclass(frozen=True)
class Scale:
    """How nats are shown: in a unit, with the mean bytes of a token of each split."""

    unit: str
    val_bytes_per_token: float
    train_bytes_per_token: float

    def show(self, nats: float, *, held_out: bool) -> str:
        """Return a value in the unit."""
        if self.unit == "perplexity":
            value = math.exp(nats)
            return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
        if self.unit == "bits":
            per_token = self.val_bytes_per_token if held_out else self.train_bytes_per_token
            return f"{nats / math.log(2) / per_token:.3f}" if per_token else "–"
        return f"{nats:.3f}"


def lines_of(baselines: dict[str, Any]) -> list[Line]:
    """Return the baselines from the weakest to the strongest."""
    uniform = baselines["uniform"]
    held_out = baselines["held_out"]
    lines = [Line("uniform", uniform, uniform)]
    lines += [Line(name, held_out[name], baselines.get(name)) for name in LESSONS if name in held_out]
    return lines


def render_baselines(baselines: dict[str, Any], scale: Scale) -> str:
    """Return the picture."""
    lines, floor = lines_of(baselines), baselines.get("floor")
    longest = max(baselines["uniform"], *(line.held_out or 0 for line in lines), 1e-9)
    mark = "" if floor is None else f'<i class="pg-floor-mark" style="left:{100 * floor / longest:.2f}%"></i>'
    rows = "".join(_row(line, scale, longest, mark) for line in lines)
    if floor is not None:
        rows += _floor_row(floor, scale, longest)
    unit = {value: label for label, value in UNITS}[scale.unit] + of_answers(baselines)
    log = " The bars are on a logarithmic scale." if scale.unit == "perplexity" else ""
    return (
        f'<figure class="pg-bars" aria-label="What counting alone can do, in {unit}">'
        '<figcaption class="pg-bars-legend"><b>What counting alone can do</b>'
        '<span><i class="pg-swatch-held"></i>held out: on text it has '
        'not seen, for the validation loss</span><span><i class="pg-swatch-in"></i>in sample: on the '
        f"training text itself, for the training loss</span></figcaption>{rows}"
        f'<p class="pg-note">In {unit}; shorter is better.{log}</p></figure>'
    )


def _row(line: Line, scale: Scale, longest: float, mark: str) -> str:
    meaning, lesson = LESSONS[line.name]
    bars, values = "", ""
    if line.held_out is not None:
        bars += _bar("pg-bar-held", line.held_out, longest)
        values += f'<b title="held out">{scale.show(line.held_out, held_out=True)}</b>'
    if line.in_sample is not None:
        bars += _bar("pg-bar-in", line.in_sample, longest)
        values += f'<span title="in sample">{scale.show(line.in_sample, held_out=False)}</span>'
    said = f"{meaning}; to beat it, a model must learn {lesson}"
    return _grid(line.name, bars + mark, values, said)


def _floor_row(floor: float, scale: Scale, longest: float) -> str:
    value = f"<b>{scale.show(floor, held_out=True)}</b>"
    return _grid("floor", _bar("pg-bar-floor", floor, longest), value, FLOOR)


def _grid(name: str, bars: str, values: str, said: str) -> str:
    return (
        f'<div class="pg-bar" data-line="{name}"><b class="pg-bar-name">{name}</b>'
        f'<div class="pg-bar-track">{bars}</div><div class="pg-bar-values">{values}</div>'
        f'<p class="pg-bar-lesson">{said}.</p></div>'
    )


def _bar(kind: str, nats: float, longest: float) -> str:
    return f'<i class="{kind}" style="width:{100 * nats / longest:.2f}%"></i>'
