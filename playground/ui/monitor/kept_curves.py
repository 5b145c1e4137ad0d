"""Whole curves of runs, worked out once: in memory for the next viewer, on the disk for the next start."""

from __future__ import annotations

import math
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from playground import runs
from playground.cache import cache_root, key_of
from playground.files import read_json, write_text_atomic
from playground.ui.monitor.curve import (
    KEYS,
    LARGE_BYTES,
    WHOLE,
    Curve,
    Levels,
    columns,
    notes_of,
    read_table,
)
from playground.ui.monitor.lines import levels_of

KEPT_RUNS = 24
RESTED_SECONDS = 60
"""A file that has not grown for this long is likely to stay as it is: its curve goes to the disk."""

NOTES_GROWTH = 200
"""Notes on a run that trains are made anew when its file has grown by 1 / NOTES_GROWTH, whoever asks."""

Stamp = tuple[int, int]
_READING = threading.Lock()
"""Ten pages that open at once read a run once; reading takes all cores anyway."""


def stamp_of(path: Path) -> Stamp:
    """Return size and age of a file; it is the same file for as long as they are the same."""
    file = path.stat() if path.exists() else None
    return (file.st_size, file.st_mtime_ns) if file else (0, 0)


def whole_curve(path: Path, levels: Levels) -> tuple[Curve, int]:
    """Return what `columns` makes of a whole file, and the byte to go on from."""
    with _READING:
        return _whole_curve(path, stamp_of(path), levels)


@lru_cache(maxsize=KEPT_RUNS)
def _whole_curve(path: Path, stamp: Stamp, levels: Levels) -> tuple[Curve, int]:
    if stamp[0] < LARGE_BYTES:
        return _read(path, levels)
    made_from = [*stamp, *levels, *WHOLE, *KEYS]
    place = cache_root() / "curves" / f"{key_of({'path': str(path.resolve())})}.json"
    kept = _kept(place)
    if kept.get("made_from") == made_from:
        return kept["curve"], kept["cursor"]
    curve, cursor = _read(path, levels)
    if time.time() - stamp[1] / 1e9 > RESTED_SECONDS:
        _keep(place, {"made_from": made_from, "curve": curve, "cursor": cursor})
    return curve, cursor


def _read(path: Path, levels: Levels) -> tuple[Curve, int]:
    table, cursor = read_table(path)
    return columns(table, WHOLE, levels), cursor


def _kept(place: Path) -> dict[str, Any]:
    try:
        value = orjson.loads(place.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return value if isinstance(value, dict) else {}


def _keep(place: Path, value: dict[str, Any]) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_text_atomic(place, orjson.dumps(value).decode())
    except OSError:
        return  # a disk that is full, or may not be written: it is read again next time


def notes_on(run: Path, epoch: str, active: bool) -> list[dict[str, Any]]:
    """Return the notes on a run's curve as JSON objects."""
    stamp = stamp_of(run / "metrics.jsonl")
    return _notes_on(run, epoch, (int(NOTES_GROWTH * math.log(stamp[0] + 1)), 0) if active else stamp)


@lru_cache(maxsize=2 * KEPT_RUNS)
def _notes_on(run: Path, epoch: str, stamp: Stamp) -> list[dict[str, Any]]:
    baselines = read_json(run / "baselines.json") or {}
    curve, _ = whole_curve(run / "metrics.jsonl", levels_of(baselines))
    return notes_of(curve, baselines)


def forget() -> None:
    """Forget what is in memory, as another app would not know it."""
    _whole_curve.cache_clear()
    _notes_on.cache_clear()


def read_ahead(root: Path) -> None:
    """Work out the curves of the newest runs, before anybody asks for them."""
    for run in runs.list_runs(root)[:KEPT_RUNS]:
        whole_curve(run / "metrics.jsonl", levels_of(read_json(run / "baselines.json") or {}))
