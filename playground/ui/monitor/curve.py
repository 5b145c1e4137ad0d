"""The metric records of a run as columns that a page can draw: few numbers, and every peak still there."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from playground.curve_notes import curve_notes
from playground.files import read_json_lines, read_whole_lines
from playground.thinning import even_buckets, growing_buckets, thin
from playground.ui.monitor.small_charts import EVALUATION_LINES, LINES, STEP_LINES

Record = dict[str, Any]
Table = dict[str, NDArray[np.float64]]
Columns = dict[str, list]
Curve = dict[str, Columns]

PLACES = ("step", "tokens_seen", "elapsed_s")
"""Where a point stands on each x axis; FLOPs are a multiple of the tokens."""

KEYS = (*PLACES, "train_loss", "val_loss", *(line.key for line in LINES))
"""Every value of a record that is drawn."""

LARGE_BYTES, BLOCK_BYTES = 1 << 20, 1 << 22
"""From this size on a file is read by Arrow, in blocks of this size."""


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
TICK = Size(32, 6, 6, growing=False)


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


def read_table(path: Path, since_byte: int = 0) -> tuple[Table, int]:
    """Return every value that is drawn as a column, nan where it is missing, and the byte to go on from."""
    if path.exists() and path.stat().st_size - since_byte > LARGE_BYTES:
        with contextlib.suppress(ValueError):  # not as regular as Arrow wants it: read record by record
            return _read_large(path, since_byte)
    records, cursor = read_records(path, since_byte)
    return {key: column(records, key) for key in KEYS}, cursor


def _read_large(path: Path, since_byte: int) -> tuple[Table, int]:
    """Read with Arrow, which parses on all cores; raises ValueError where it can't."""
    import pyarrow
    from pyarrow import json

    data, cursor = read_whole_lines(path, since_byte)
    options = json.ReadOptions(block_size=BLOCK_BYTES)
    found = json.read_json(pyarrow.BufferReader(data), read_options=options)
    return {key: _arrow_column(found, key) for key in KEYS}, cursor


def _arrow_column(found: Any, key: str) -> NDArray[np.float64]:
    name, at = _place(key)
    if name not in found.column_names:
        return np.full(found.num_rows, np.nan)
    if at is None:
        return found[name].to_numpy().astype(np.float64)
    lists = found[name].combine_chunks()
    starts, ends = (lists.offsets.to_numpy()[part] for part in (slice(-1), slice(1, None)))
    long_enough = ends - starts > at  # a list that is missing has no length
    values = np.full(found.num_rows, np.nan)
    values[long_enough] = lists.values.to_numpy(zero_copy_only=False)[starts[long_enough] + at]
    return values


def _place(key: str) -> tuple[str, int | None]:
    """Return the name of a value in a record, and which number of its list is meant, if it is one."""
    name, _, at = key.partition(".")
    return name, int(at) if at else None


def _item(values: Any, at: int) -> Any:
    """Return one number of a list; nan where there is none."""
    found = values[at] if isinstance(values, list) and at < len(values) else None
    return np.nan if found is None else found


def columns(table: Table, size: Size, levels: Levels) -> Curve:
    """Return the columns "train" (in buckets), "small" (likewise, one a line) and "val" of some records."""
    trained = np.isfinite(table["train_loss"]) & np.isfinite(table["step"])
    rows = {key: values[trained] for key, values in table.items()}
    buckets = growing_buckets if size.growing else even_buckets
    return {
        "train": _train(rows, buckets(len(rows["step"]), size.train)),
        "small": _small(rows, buckets(len(rows["step"]), size.small)),
        "val": _evaluations(table, size.evaluations, levels),
    }


def column(records: Iterable[Record], key: str) -> NDArray[np.float64]:
    """Return one value of each record, nan where it is missing or no number."""
    name, at = _place(key)
    values = [record.get(name) for record in records]
    if at is not None:
        values = [_item(value, at) for value in values]
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        return np.array([v if isinstance(v, (int, float)) else np.nan for v in values], dtype=np.float64)


def _train(rows: Table, starts: NDArray) -> Columns:
    losses = rows["train_loss"]
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


def _small(rows: Table, starts: NDArray) -> Columns:
    if not len(starts):
        return {key: [] for key in PLACES}
    counts = np.diff(starts, append=len(rows["step"]))
    found = _places(rows, starts + counts - 1)
    for line in STEP_LINES:
        values = rows[line.key]
        if np.isfinite(values).any():
            found[line.key] = _significant(_of_several(values, starts, counts, line.of_several))
    return found


def _of_several(values: NDArray, starts: NDArray, counts: NDArray, rule: str) -> NDArray:
    if rule == "highest":
        return np.fmax.reduceat(values, starts)
    return np.add.reduceat(values, starts) / counts


def _significant(values: NDArray) -> list[float | None]:
    """Return four digits of each value, None where it is no number."""
    known = np.isfinite(values) & (values != 0)
    digits = 3 - np.floor(np.log10(np.abs(values), where=known, out=np.zeros(len(values)))).astype(int)
    up, down = 10.0 ** np.clip(digits, 0, 300), 10.0 ** np.maximum(-digits, 0)
    rounded = np.round(values * up / down) * down / up  # whole numbers by powers of ten: as exact as can be
    return [value if math.isfinite(value) else None for value in rounded.tolist()]


def _evaluations(table: Table, limit: int, levels: Levels) -> Columns:
    measured = np.flatnonzero(np.isfinite(table["val_loss"]) & np.isfinite(table["step"]))
    kept = measured[thin(table["val_loss"][measured], limit)]
    losses = table["val_loss"][kept]
    derived = {
        f"above_{name}": losses - (np.nan if level is None else level)
        for name, level in levels._asdict().items()
    }
    found = {**_places(table, kept), "val_loss": _rounded(losses)}
    for line in EVALUATION_LINES:
        values = derived[line.key] if line.key in derived else table[line.key][kept]
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
