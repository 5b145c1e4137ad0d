"""The rows of the list: only those that have changed since the page last asked."""

from __future__ import annotations

import math
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from playground import runs
from playground.files import parse_line, read_whole_lines
from playground.run_summary import RunSummary, is_figure, summary_of
from playground.thinning import thin

MAX_LISTED = 500
CURVE_POINTS, READ_LINES = 36, 150
"""Points of a small curve, and the records that are looked at for them."""
GROWTH = 20
"""A curve is drawn again when its file has grown by about 1 / GROWTH."""

Answer = dict[str, Any]


def book(request: Any) -> Answer:
    """Return the names of all runs in order, and the rows whose stamp is not among {"seen": {name: stamp}}.

    What is next in the queue is started on the way.
    """
    root = runs.runs_root()
    runs.advance(root)
    seen = request.get("seen") if isinstance(request, dict) else None
    seen = seen if isinstance(seen, dict) else {}
    places = {run.name: i + 1 for i, run in enumerate(runs.waiting_runs(root))}
    rows = [
        {**_row(run), "place": places.get(run.name, 0), "own": runs.is_own(run)}
        for run in runs.list_runs(root)[:MAX_LISTED]
    ]
    stamps = [zlib.crc32(orjson.dumps(row)) for row in rows]
    fresh = [
        {**row, "stamp": stamp}
        for row, stamp in zip(rows, stamps, strict=True)
        if seen.get(row["name"]) != stamp
    ]
    deleted = [{"token": run.token, "name": run.name} for run in runs.deleted_runs(root)[:50]]
    return {"names": [row["name"] for row in rows], "rows": fresh, "deleted": deleted}


def _row(run: Path) -> Answer:
    """Return the figures of a run; of one that rests they are kept until one of its files changes."""
    files = [run / name for name in ("status.json", "config.json", "baselines.json", runs.META_FILE)]
    stamps = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
    kept = RESTING.get(run)
    if kept is not None and kept[0] == stamps:
        return kept[1]
    row = _fresh_row(run)
    if row["state"] in runs.ACTIVE:
        RESTING.pop(run, None)
    else:
        RESTING[run] = (stamps, row)
    return row


RESTING: dict[Path, tuple[tuple[int, ...], Answer]] = {}


def _fresh_row(run: Path) -> Answer:
    found = summary_of(run)
    return {
        "name": found.name,
        "title": found.title,
        "note": found.meta.note,
        "pinned": found.meta.pinned,
        "group": found.meta.group,
        "state": found.state,
        "reason": " ".join(filter(None, (found.reason, found.text))),
        "step": found.step,
        "total": found.total_steps,
        "best": _rounded(found.best_val_loss),
        "bpb": _rounded(found.bits_per_byte),
        "gap": _rounded(found.above_ngram),
        "speed": round(found.tokens_per_s or 0),
        "parameters": found.parameters,
        "created": round(found.created),
        "what": _what(found),
        "checkpoints": runs.checkpoints(run),
        "curve": _curve(run, found),
    }


def _rounded(value: float | None) -> float | None:
    return round(value, 3) if value is not None and math.isfinite(value) else None


def _what(found: RunSummary) -> str:
    """Return text, tokenizer and shape of a run in a few words."""
    if found.config is None:
        return "Its config can't be read."
    data, model = found.config.data, found.config.model
    text = {"text": "own text", "hub": data.hub}.get(data.corpus, data.corpus)
    kind = {"lstm": "LSTM", "hf": "Hugging Face"}.get(model.architecture, "Transformer")
    shape = f"{kind} {model.n_layers} × {model.d_model}"
    what = f"{text} · {data.tokenizer} · {shape} · {found.config.optim.optimizer}"
    if not found.config.start_from:
        return what
    rank = found.config.train.lora_rank
    start = Path(found.config.start_from).name
    return f"{what} · from {start}" + (f", LoRA {rank}" if rank else "")


def _curve(run: Path, found: RunSummary) -> list[list[float]]:
    """Return the training loss in few points: [step, loss] each."""
    path = run / "metrics.jsonl"
    try:
        size = path.stat().st_size
    except OSError:
        return []
    if not size:
        return []
    ended = found.state not in runs.ACTIVE
    return _points(path, size if ended else int(GROWTH * math.log(size)), found.created)


@lru_cache(maxsize=2 * MAX_LISTED)
def _points(path: Path, size_class: int, created: float) -> list[list[float]]:
    lines = read_whole_lines(path)[0].splitlines()
    few = [*lines[:: -(-len(lines) // READ_LINES) or 1], *lines[-1:]]
    records = [record for line in few if (record := parse_line(line)) is not None]
    pairs: list[tuple[Any, Any]] = [(record.get("step"), record.get("train_loss")) for record in records]
    known = [(int(step), float(loss)) for step, loss in pairs if is_figure(step) and is_figure(loss)]
    kept = thin([loss for _, loss in known], CURVE_POINTS)
    return [[known[i][0], round(known[i][1], 3)] for i in kept]
