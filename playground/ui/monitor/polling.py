"""What the page asks for, and what is answered: only what is new since the cursors that it sends.

Whatever comes from a page is checked, and nothing of a page is remembered.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from playground import runs
from playground.accounting import training_flops_per_token
from playground.config import ConfigError, RunConfig
from playground.files import is_number, read_json
from playground.limits import limits
from playground.position_buckets import position_buckets
from playground.ui.monitor.crowd import CROWD, RUN_LIST
from playground.ui.monitor.curve import TICK, Levels, columns, read_records, read_table
from playground.ui.monitor.kept_curves import notes_on, whole_curve
from playground.ui.monitor.lines import baseline_lines, crossing_marks, event_marks, levels_of
from playground.ui.run_choices import run_choices

MAX_RUNS = 12
"""Runs in one chart: the one shown and those compared with it."""

MAX_LISTED = 200
COMPLETION_CHARACTERS = 400
COMPLETION_STEPS = 12
"""Steps whose completions are sent for one request."""

STATUS_KEYS = (
    "state", "step", "total_steps", "tokens_per_s", "elapsed_s", "seconds_left", "phase", "pace", "reason",
)  # fmt: skip

GONE = "There is no run named {!r} any more: its folder was deleted or moved, or it is not shared any more."
"""Said to a page that has seen the run."""

Request = dict[str, Any]
Answer = dict[str, Any]


def poll(request: Any) -> Answer:
    """Return what is new of some runs since the request's cursors; everything, where the epoch is another.

    Whatever a page sends, each run has an answer, with "error" in one sentence where there is no such run.
    "list" is another word when the list of runs has changed, "standing" when other buttons apply to a run;
    "pause_ms" is how long the page waits before it asks again.
    """
    items = request.get("runs") if isinstance(request, dict) else None
    items = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    answers = [_of_run(item) for item in items[:MAX_RUNS]]
    return {"runs": answers, "list": RUN_LIST.word(runs.runs_root()), "pause_ms": CROWD.pause_ms()}


def _name_in(request: Request) -> str:
    """Return the name of a run as a page sent it; half a character, which can't be sent back, is replaced."""
    return str(request.get("run") or "").encode("utf-8", "replace").decode()


def _of_run(request: Request) -> Answer:
    name = _name_in(request)
    try:
        run = runs.find(runs.runs_root(), name)
    except runs.RunError as error:
        return {"run": name, "error": GONE.format(name) if request.get("epoch") else str(error)}
    if limits().idle_seconds:
        runs.mark_seen(run)
    status = runs.status(run)
    if runs.is_waiting(status):
        place = f"{runs.place(run)} of {len(runs.waiting_runs(run.parent))}"
        status["reason"] = f"It waits in the queue, at place {place}, and starts by itself."
    epoch = f"{run.name}:{status.get('generation', 0)}"
    opening = request.get("epoch") != epoch
    if opening:
        request = {key: request.get(key) for key in ("samples", "notes")}
    baselines = read_json(run / "baselines.json") or {}
    lines = baseline_lines(baselines)
    events = event_marks(read_records(run / "events.jsonl")[0])
    answer = {
        "run": run.name,
        "epoch": epoch,
        "opening": opening,
        "status": {key: status[key] for key in STATUS_KEYS if key in status},
        **_new_points(run, request, opening, levels_of(baselines)),
        **_changed(request, "lines", lines),
        **_changed(request, "crossings", crossing_marks(status.get("crossings"), lines)),
        **_changed(request, "events", events),
        "standing": f"{status['state']}:{bool(runs.checkpoints(run))}:{len(events)}",
    }
    if request.get("notes"):
        answer["notes"] = notes_on(run, epoch, active=status["state"] in runs.ACTIVE)
    if "lines" in answer or opening:
        answer["facts"] = _facts(run, baselines)
    if request.get("samples"):
        answer |= _new_samples(run, request)
    return answer


def _changed(request: Request, key: str, values: list[Any]) -> Answer:
    """Return the values under their key if the page has another number of them."""
    return {key: values} if len(values) != _whole(request.get(f"n_{key}")) else {}


def _new_points(run: Path, request: Request, opening: bool, levels: Levels) -> Answer:
    path = run / "metrics.jsonl"
    if opening:
        curve, cursor = whole_curve(path, levels)
        return {**curve, "metrics_byte": cursor}
    table, cursor = read_table(path, _whole(request.get("metrics_byte")))
    fresh = {part: found for part, found in columns(table, TICK, levels).items() if found["step"]}
    return {**fresh, "metrics_byte": cursor}


def _facts(run: Path, baselines: dict[str, Any]) -> Answer:
    """Return what units and labels need to know of a run."""
    facts: Answer = {"text": "", "flops_per_token": None, "bytes_per_token": None, "positions": []}
    try:
        config = RunConfig.from_json((run / "config.json").read_text(encoding="utf-8"))
    except (OSError, ConfigError):
        return facts
    if is_number(baselines.get("bytes_per_token")):
        facts["bytes_per_token"] = baselines["bytes_per_token"]
    text = f"{config.data.corpus}, {config.data.tokenizer} tokens"
    return {**facts, "text": text, "flops_per_token": training_flops_per_token(config),
            "positions": position_buckets(config.model.n_ctx).tolist()}  # fmt: skip


def _new_samples(run: Path, request: Request) -> Answer:
    """Return the steps that have new completions, and the completions of the newest of them."""
    samples, cursor = read_records(run / "samples.jsonl", _whole(request.get("samples_byte")))
    steps = sorted({s["step"] for s in samples if isinstance(s.get("step"), int)})
    rows = _rows(samples, set(steps[-1:]))
    return {"sample_steps": steps, "samples": rows, "samples_byte": cursor}


def completions(request: Any) -> Answer:
    """Return what a run wrote at some steps: {"run", "steps"} gives {"run", "samples"}."""
    request = request if isinstance(request, dict) else {}
    name, steps = _name_in(request), request.get("steps")
    try:
        run = runs.find(runs.runs_root(), name)
    except runs.RunError as error:
        return {"run": name, "samples": [], "error": str(error)}
    wanted = [_whole(step) for step in steps[:COMPLETION_STEPS]] if isinstance(steps, list) else []
    samples, _ = read_records(run / "samples.jsonl")
    return {
        "run": name,
        "samples": _rows(samples, set(wanted)),
        "steps": sorted({s["step"] for s in samples if isinstance(s.get("step"), int)}),
    }


def _rows(samples: list[dict[str, Any]], steps: set[int]) -> list[dict[str, Any]]:
    return [
        {"step": s["step"], "prompt": _short(s.get("prompt")), "completion": _short(s.get("completion"))}
        for s in samples
        if isinstance(s.get("step"), int) and s["step"] in steps
    ]


def _short(text: Any) -> str:
    text = str(text or "")
    return text if len(text) <= COMPLETION_CHARACTERS else text[:COMPLETION_CHARACTERS] + "…"


def run_list(request: Any) -> list[dict[str, str]]:
    """Return the runs that can be compared, newest first: name and label; the request is not looked at."""
    return [{"name": name, "label": label} for label, name in run_choices(runs.runs_root())[:MAX_LISTED]]


def curve_csv(request: Any) -> Answer:
    """Return all records of some runs as {"csv"}: a line each, with the run and every number."""
    names = request.get("runs") if isinstance(request, dict) else None
    tables = []
    for name in names[:MAX_RUNS] if isinstance(names, list) else []:
        try:
            tables.append(
                (str(name), read_records(runs.find(runs.runs_root(), str(name)) / "metrics.jsonl")[0])
            )
        except runs.RunError:
            continue  # a run that was deleted under an open page
    items = (item for _, records in tables for record in records for item in record.items())
    keys = list(dict.fromkeys(key for key, value in items if is_number(value)))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["run", *keys])
    for name, records in tables:
        for record in records:
            writer.writerow([name, *(record.get(key) for key in keys)])
    return {"csv": text.getvalue()}


def _whole(value: Any) -> int:
    """Return a cursor from a page as a whole number; anything else starts from 0."""
    return int(value) if is_number(value) and value >= 0 else 0
