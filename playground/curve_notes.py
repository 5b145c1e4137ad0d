"""What a loss curve says, in plain words, each with the numbers it rests on.

Rules on the logged records and the baselines alone: nothing is fitted, and a rule that isn't sure is silent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from playground.files import is_number

AVERAGED = 10
"""Logged steps that a training loss is averaged over before it is compared."""

ENOUGH = 40
"""Logged steps before a rule on the training loss speaks."""

COUNTED = {
    "bigram": "pairs of tokens",
    "trigram": "runs of three tokens",
    "4-gram": "runs of four tokens",
    "5-gram": "runs of five tokens",
}
"""The n-grams that a note compares with, and what each counts."""

Point = tuple[int, float]


@dataclass(frozen=True)
class Note:
    """One sentence about the curve, where on it, and the evidence."""

    rule: str
    step: int
    text: str
    evidence: str
    kind: str = "hint"
    """good: something was learned; hint: something to try; warning: something is going wrong."""


@dataclass(frozen=True)
class Curve:
    """The series that the rules look at, each a list of (step, value) in order, and the baselines."""

    train: list[Point]
    val: list[Point]
    lr: list[Point]
    in_sample: dict[str, float]
    held_out: dict[str, float]
    floor: float | None

    def average(self, end: int | None = None) -> float:
        """Return the mean of the AVERAGED training losses before index `end`; it may count from the end."""
        stop = len(self.train) if end is None else end
        stop += len(self.train) if stop < 0 else 0
        return fmean(loss for _, loss in self.train[max(0, stop - AVERAGED) : stop])

    @property
    def last_step(self) -> int:
        """The step of the newest training loss."""
        return self.train[-1][0]


def curve_notes(records: Iterable[dict[str, Any]], baselines: dict[str, Any]) -> list[Note]:
    """Return the notes on a run's curve, from its metric records and its baselines.json.

    Records may be thinned, in their order. Values that are missing or not finite are passed over.
    """
    curve = _curve(records, baselines)
    return [note for rule in RULES if (note := rule(curve)) is not None]


def _curve(records: Iterable[dict[str, Any]], baselines: dict[str, Any]) -> Curve:
    rows = [record for record in records if is_number(record.get("step"))]
    held_out = baselines.get("held_out")
    return Curve(
        train=_series(rows, "train_loss"),
        val=_series(rows, "val_loss"),
        lr=_series(rows, "lr"),
        in_sample=_levels(baselines),
        held_out=_levels(held_out if isinstance(held_out, dict) else {}),
        floor=_levels(baselines).get("floor"),
    )


def _series(rows: Sequence[dict[str, Any]], key: str) -> list[Point]:
    return [(row["step"], row[key]) for row in rows if is_number(row.get(key))]


def _levels(values: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in values.items() if is_number(value)}


def _at_the_unigram_line(curve: Curve) -> Note | None:
    unigram, bigram = curve.in_sample.get("unigram"), curve.in_sample.get("bigram")
    if len(curve.train) < ENOUGH or unigram is None or bigram is None or unigram <= bigram:
        return None
    now, before, near = curve.average(), curve.average(-AVERAGED), 0.08 * (unigram - bigram)
    if max(abs(now - unigram), abs(before - unigram)) > near:
        return None
    return Note(
        "at_unigram",
        curve.last_step,
        "Still at the unigram line: it knows how common each token is, and does not use the context yet.",
        f"Training loss {now:.2f}, averaged over the newest steps; the unigram line is at {unigram:.2f}.",
    )


def _lr_too_high(curve: Curve) -> Note | None:
    """The loss has risen for good, by far more than its noise."""
    if len(curve.train) < ENOUGH:
        return None
    ends = range(AVERAGED, len(curve.train) + 1, AVERAGED)
    best, place = min((curve.average(end), end) for end in ends)
    now, later = curve.average(), curve.train[place:]
    if len(later) < AVERAGED:
        return None
    recent = [loss for _, loss in curve.train[-2 * AVERAGED :]]
    fallen = max(curve.average(AVERAGED) - best, 0.0)
    if now - best <= max(0.15 * fallen, 3 * stdev(recent), 0.1):
        return None
    return Note(
        "lr_too_high",
        curve.train[place - 1][0],
        "The learning rate is probably too high: the training loss went up again and stayed up. Try a third.",
        f"Training loss {best:.2f} at step {curve.train[place - 1][0]:,}, now {now:.2f}{_lr_words(curve)}.",
        "warning",
    )


def _lr_too_low(curve: Curve) -> Note | None:
    """Hundreds of steps have not reached the unigram line, though the loss falls all the time."""
    unigram, uniform = curve.in_sample.get("unigram"), curve.in_sample.get("uniform")
    if len(curve.train) < 5 * ENOUGH or unigram is None or uniform is None or uniform <= unigram:
        return None
    quarters = [curve.average(len(curve.train) * part // 4) for part in (1, 2, 3, 4)]
    falls = all(later < earlier for earlier, later in zip(quarters, quarters[1:], strict=False))
    if not falls or quarters[-1] < unigram + 0.1 * (uniform - unigram):
        return None
    fell = curve.average(AVERAGED) - quarters[-1]
    return Note(
        "lr_too_low",
        curve.last_step,
        "The learning rate is probably too low: the loss falls steadily, but slowly. Try three times that.",
        f"{fell:.2f} nats in {curve.last_step:,} steps, and still {quarters[-1] - unigram:.2f} above the "
        f"unigram line{_lr_words(curve)}.",
    )


def _lr_words(curve: Curve) -> str:
    return f", at a learning rate of {max(lr for _, lr in curve.lr):.2g}" if curve.lr else ""


def _overfitting(curve: Curve) -> Note | None:
    """Three evaluations in a row above the best one, while the training loss went on falling."""
    if len(curve.val) < 4 or len(curve.train) < ENOUGH:
        return None
    best_step, best = min(curve.val, key=lambda point: point[1])
    later = [loss for step, loss in curve.val if step > best_step]
    n_before = sum(step <= best_step for step, _ in curve.train)
    if len(later) < 3 or n_before < AVERAGED or min(later[-3:]) < best + 0.02:
        return None
    then, now = curve.average(n_before), curve.average()
    if now > then - 0.02:
        return None
    return Note(
        "overfitting",
        best_step,
        "Training falls while validation rises: it is learning this text by heart. More text, a smaller "
        "model or dropout helps; the best checkpoint is kept.",
        f"Validation {best:.2f} at step {best_step:,}, now {later[-1]:.2f}; "
        f"training {then:.2f}, now {now:.2f}.",
        "warning",
    )


def _stalled(curve: Curve) -> Note | None:
    """The halves of the newest third differ by no more than noise, at a learning rate that still moves."""
    third = curve.train[-(len(curve.train) // 3) :] if len(curve.train) >= 3 * ENOUGH else []
    if not third or _is_at_an_end(curve):
        return None
    half = len(third) // 2
    first, second = ([loss for _, loss in part] for part in (third[:half], third[half:]))
    error = math.sqrt((stdev(first) ** 2 + stdev(second) ** 2) / half)
    fallen = curve.average(AVERAGED) - fmean(second)
    if abs(fmean(first) - fmean(second)) > max(2 * error, 0.002 * abs(fallen)):
        return None
    return Note(
        "stalled",
        third[0][0],
        "Stalled: the training loss has stopped falling. A larger model or another learning rate may help.",
        f"Training loss {fmean(first):.3f} from step {third[0][0]:,}, {fmean(second):.3f} from step "
        f"{third[half][0]:,}: no more than the noise.",
    )


def _is_at_an_end(curve: Curve) -> bool:
    """Return whether there is a better reason for standing still: a floor, or a rate gone to zero."""
    if curve.lr and curve.lr[-1][1] < 0.2 * max(lr for _, lr in curve.lr):
        return True
    if curve.floor is not None and curve.average() < curve.floor + 0.1 * max(1.0, curve.floor):
        return True
    return _at_the_unigram_line(curve) is not None


def _under_an_ngram(curve: Curve) -> Note | None:
    """The strongest n-gram that the newest evaluation beats, and since when it has been beaten."""
    if not curve.val:
        return None
    levels = [(curve.held_out[name], name) for name in COUNTED if name in curve.held_out]
    beaten = [(level, name) for level, name in levels if curve.val[-1][1] < level]
    if not beaten:
        return None
    level, name = min(beaten)
    since = next(
        (
            later[0]
            for (_, earlier), later in zip(curve.val[-2::-1], curve.val[:0:-1], strict=True)
            if earlier >= level
        ),
        curve.val[0][0],
    )
    return Note(
        f"under_{name}",
        since,
        f"Under the {name} line since step {since:,}: it predicts new text better than counting "
        f"{COUNTED[name]} can.",
        f"Validation loss {curve.val[-1][1]:.2f}; the held-out {name} line is at {level:.2f}.",
        "good",
    )


def _near_the_floor(curve: Curve) -> Note | None:
    start = curve.held_out.get("unigram", curve.in_sample.get("uniform"))
    if curve.floor is None or not curve.val or start is None:
        return None
    step, loss = curve.val[-1]
    gap = loss - curve.floor
    if gap > 0.1 * (start - curve.floor):
        return None
    return Note(
        "near_floor",
        step,
        f"Within {max(gap, 0.0):.2f} nats of the floor: no model can gain more than that on this text.",
        f"Validation loss {loss:.2f}; the floor, the true entropy of this source, is {curve.floor:.2f}.",
        "good",
    )


RULES: tuple[Callable[[Curve], Note | None], ...] = (
    _lr_too_high, _overfitting, _at_the_unigram_line, _lr_too_low, _stalled, _under_an_ngram, _near_the_floor,
)  # fmt: skip
"""What goes wrong comes first, what was learned last."""
