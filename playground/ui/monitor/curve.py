"""The metric records of a run as columns that a page can draw: few numbers, and every peak still there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from playground.curve_notes import curve_notes
from playground.files import read_json_lines, read_whole_lines
from playground.thinning import even_buckets, growing_buckets, thin
from playground.ui.monitor.small_charts import EVALUATION_LINES, STEP_LINES

Record = dict[str, Any]
Columns = dict[str, list]
Curve = dict[str, Columns]

PLACES = ("step", "tokens_seen", "elapsed_s")
"""Where a point stands on each x axis; FLOPs are a multiple of the tokens."""


class Levels(NamedTuple):
    """The two baselines that a validation loss is measured against: its own n-grams, and the floor."""

    ngram: float | None = None
    floor: float | None = None


class Size(NamedTuple):
    """How many points of each series are sent at most."""

    train: int
    small: int
    evaluations: int
    growing: bool


WHOLE = Size(1000, 240, 400, growing=True)
TICK = Size(40, 8, 8, growing=False)


def read_records(path: Path, since_byte: int = 0) -> tuple[list[Record], int]:
    """Return the records of a JSON-lines file from a byte on, as read_json_lines does, but all in one go."""
    data, cursor = read_whole_lines(path, since_byte)
    if not data:
        return [], cursor
    try:
        records = orjson.loads(b"[" + data.rstrip(b"\n").replace(b"\n", b",") + b"]")
    except orjson.JSONDecodeError:  # a garbled line, or a number that is not finite
        return read_json_lines(path, since_byte)
    return [record for record in records if isinstance(record, dict)], cursor


@lru_cache(maxsize=24)
def whole_curve(path: Path, n_bytes: int, changed_ns: int, levels: Levels) -> tuple[Curve, int]:
    """Return what `columns` makes of a whole file, and the byte to go on from.

    Kept by the size and age of the file, so that a second viewer, or a run that rests, costs nothing.
    """
    records, cursor = read_records(path)
    return columns(records, WHOLE, levels), cursor


def columns(records: list[Record], size: Size, levels: Levels) -> Curve:
    """Return the columns "train" (in buckets), "small" (likewise, one a line) and "val" of some records."""
    rows = {key: column(records, key) for key in (*PLACES, "train_loss")}
    trained = np.isfinite(rows["train_loss"]) & np.isfinite(rows["step"])
    buckets = growing_buckets if size.growing else even_buckets
    return {
        "train": _train({key: values[trained] for key, values in rows.items()}, size.train, buckets),
        "small": _small(records, rows, trained, size.small, buckets),
        "val": _evaluations(records, rows, size.evaluations, levels),
    }


def column(records: Iterable[Record], key: str) -> NDArray[np.float64]:
    """Return one value of each record, nan where it is missing or no number."""
    values = [record.get(key) for record in records]
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        return np.array([v if isinstance(v, (int, float)) else np.nan for v in values], dtype=np.float64)


def _train(rows: dict[str, NDArray], limit: int, buckets: Callable[[int, int], NDArray]) -> Columns:
    losses = rows["train_loss"]
    starts = buckets(len(losses), limit)
    if not len(starts):
        return {key: [] for key in (*PLACES, "n", "mean", "low", "high")}
    counts = np.diff(starts, append=len(losses))
    return {
        **_places(rows, starts + counts - 1),
        "n": counts.tolist(),
        "mean": _rounded(np.add.reduceat(losses, starts) / counts),
        "low": _rounded(np.minimum.reduceat(losses, starts)),
        "high": _rounded(np.maximum.reduceat(losses, starts)),
    }


def _places(rows: dict[str, NDArray], kept: NDArray) -> Columns:
    """Return the x columns at some rows: whole steps and tokens, hundredths of a second."""
    digits = {"step": 0, "tokens_seen": 0, "elapsed_s": 2}
    return {
        key: [
            _short(value, digits[key]) if np.isfinite(value) else None for value in rows[key][kept].tolist()
        ]
        for key in PLACES
    }


def _short(value: float, digits: int) -> float:
    return round(value, digits) if digits else round(value)


def _rounded(values: NDArray) -> list[float]:
    return [round(value, 4) for value in values.tolist()]


def _small(
    records: list[Record],
    rows: dict[str, NDArray],
    trained: NDArray,
    limit: int,
    buckets: Callable[[int, int], NDArray],
) -> Columns:
    starts = buckets(int(trained.sum()), limit)
    if not len(starts):
        return {key: [] for key in PLACES}
    counts = np.diff(starts, append=int(trained.sum()))
    found = _places({key: rows[key][trained] for key in PLACES}, starts + counts - 1)
    for line in STEP_LINES:
        values = column(records, line.key)[trained]
        if np.isfinite(values).any():
            found[line.key] = _significant(_of_several(values, starts, counts, line.of_several))
    return found


def _of_several(values: NDArray, starts: NDArray, counts: NDArray, rule: str) -> NDArray:
    if rule == "highest":
        return np.fmax.reduceat(values, starts)
    return np.add.reduceat(values, starts) / counts


def _significant(values: NDArray) -> list[float | None]:
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in values.tolist()]


def _evaluations(records: list[Record], rows: dict[str, NDArray], limit: int, levels: Levels) -> Columns:
    losses = column(records, "val_loss")
    measured = np.flatnonzero(np.isfinite(losses) & np.isfinite(rows["step"]))
    kept = measured[thin(losses[measured], limit)]
    chosen = [records[i] for i in kept.tolist()]
    derived = {
        f"above_{name}": losses[kept] - (np.nan if level is None else level)
        for name, level in levels._asdict().items()
    }
    found = {**_places(rows, kept), "val_loss": _rounded(losses[kept])}
    for line in EVALUATION_LINES:
        values = derived.get(line.key, column(chosen, line.key))
        if np.isfinite(values).any():
            found[line.key] = _significant(values)
    return found


def notes_of(curve: Curve, baselines: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the notes on a curve as JSON objects."""
    series = (("train", "mean", "train_loss"), ("val", "val_loss", "val_loss"), ("small", "lr", "lr"))
    records = [
        {"step": step, name: value}
        for part, key, name in series
        for step, value in zip(curve[part]["step"], curve[part].get(key, ()), strict=False)
    ]
    return [dataclasses.asdict(note) for note in curve_notes(records, baselines)]
