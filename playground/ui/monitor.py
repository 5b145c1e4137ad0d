"""The monitor: one lasting element with the state of a run, its loss chart and its completions.

Its own script polls `poll` and gets what is new since the last time; nothing is rebuilt, so zoom, pan and
hidden lines last. `poll` keeps no state of its own: what a page has seen comes back with each request.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import plotly

from playground import runs
from playground.crossings import SMOOTHING_STEPS
from playground.files import read_json
from playground.thinning import thin

STATIC = Path(__file__).parent / "static"
PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"

FIRST_POINTS, TICK_POINTS = 2000, 60
"""Points of a series that are sent when a run is opened, and with each tick: more are thinned."""

FIRST_SAMPLE_STEPS, TICK_SAMPLE_STEPS = 8, 1
COMPLETION_CHARACTERS = 400
STATUS_KEYS = (
    "state", "step", "total_steps", "tokens_per_s", "elapsed_s", "seconds_left", "phase", "reason", "threads",
)  # fmt: skip

Request = dict[str, Any]
Answer = dict[str, Any]


class Monitor(gr.HTML):
    """Shows the run whose name is its value; an empty name shows how to begin."""

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        gr.set_static_paths([PLOTLY_JS])
        super().__init__(
            value,
            html_template=(STATIC / "monitor.html").read_text(encoding="utf-8"),
            css_template=(STATIC / "monitor.css").read_text(encoding="utf-8"),
            js_on_load=_script(),
            server_functions=[poll],
            apply_default_css=False,
            plotly_path=str(PLOTLY_JS),
            **kwargs,
        )

    def api_info(self) -> dict[str, Any]:
        """Describe the value for the API page."""
        return {"type": "string", "description": "name of the run shown"}


def _script() -> str:
    files = ("monitor_text.js", "monitor_chart.js", "monitor.js")
    return "\n".join((STATIC / file).read_text(encoding="utf-8") for file in files)


def poll(request: Request) -> Answer:
    """Return what is new of a run since the request's cursors; everything, if its epoch is another.

    Whatever a page sends, the answer is a dict, with "error" in one sentence where there is no such run.
    """
    request = request if isinstance(request, dict) else {}
    try:
        run = runs.find(runs.runs_root(), str(request.get("run") or ""))
    except runs.RunError as error:
        return {"error": str(error)}
    status = runs.status(run)
    epoch = f"{run.name}:{status.get('generation', 0)}"
    opening = request.get("epoch") != epoch
    if opening:
        request = {}
    lines = baseline_lines(read_json(run / "baselines.json") or {})
    answer = {
        "epoch": epoch,
        "opening": opening,
        "status": {key: status[key] for key in STATUS_KEYS if key in status},
        **_new_points(run, request, opening),
        **_new_samples(run, request, opening),
    }
    if len(lines) != _whole(request.get("n_lines")):
        answer["lines"] = lines
    crossings = crossing_marks(status.get("crossings") or [], lines)
    if len(crossings) != _whole(request.get("n_crossings")):
        answer["crossings"] = crossings
    return answer


def _new_points(run: Path, request: Request, opening: bool) -> Answer:
    records, cursor = runs.read_metrics(run, _whole(request.get("metrics_byte")))
    limit = FIRST_POINTS if opening else TICK_POINTS
    train = [(r["step"], r["train_loss"]) for r in records if _is_number(r.get("train_loss")) and "step" in r]
    val = [(r["step"], r["val_loss"]) for r in records if _is_number(r.get("val_loss")) and "step" in r]
    steps, losses = _columns(train)
    smooth, average = smoothed(losses, request.get("average"))
    kept = thin(losses, limit)
    val_steps, val_losses = _columns(val)
    val_kept = thin(val_losses, limit)
    return {
        "metrics_byte": cursor,
        "average": average,
        "train": {"x": steps[kept].tolist(), "y": _rounded(losses[kept]), "smooth": _rounded(smooth[kept])},
        "val": {"x": val_steps[val_kept].tolist(), "y": _rounded(val_losses[val_kept])},
    }


def smoothed(losses: np.ndarray, average: Any) -> tuple[np.ndarray, list[float]]:
    """Return the debiased exponential average at each loss, and [sum, weight] to go on from next time."""
    total, weight = average if _is_average(average) else (0.0, 0.0)
    keep, result = 1 - 1 / SMOOTHING_STEPS, np.empty(len(losses))
    for i, loss in enumerate(losses.tolist()):
        total, weight = keep * total + (1 - keep) * loss, keep * weight + (1 - keep)
        result[i] = total / weight
    return result, [total, weight]


def _is_average(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)) and value[1] >= 0


def _columns(points: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([x for x, _ in points], dtype=np.int64), np.array(
        [y for _, y in points], dtype=np.float64
    )


def _rounded(values: np.ndarray) -> list[float]:
    return [round(value, 4) for value in values.tolist()]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _whole(value: Any) -> int:
    """Return a cursor from a page as a whole number; anything else starts from 0."""
    return int(value) if _is_number(value) and value >= 0 else 0


def _new_samples(run: Path, request: Request, opening: bool) -> Answer:
    samples, cursor = runs.read_samples(run, _whole(request.get("samples_byte")))
    steps = sorted({s["step"] for s in samples if isinstance(s.get("step"), int)})
    shown = set(steps[-(FIRST_SAMPLE_STEPS if opening else TICK_SAMPLE_STEPS) :])
    shown |= set(steps[:1]) if opening else set()
    rows = [
        {"step": s["step"], "prompt": _short(s.get("prompt")), "completion": _short(s.get("completion"))}
        for s in samples
        if s.get("step") in shown
    ]
    return {"samples": rows, "samples_byte": cursor}


def _short(text: Any) -> str:
    text = str(text or "")
    return text if len(text) <= COMPLETION_CHARACTERS else text[:COMPLETION_CHARACTERS] + "…"


EXPLANATIONS = {
    ("in_sample", "uniform"): "Guessing: every token is equally likely.",
    ("in_sample", "unigram"): "For the training loss: knows how common each token of the training text is.",
    ("in_sample", "bigram"): "For the training loss: knows which token follows which in the training text.",
    (
        "held_out",
        "unigram",
    ): "For the validation loss: the same counts, smoothed, on text they have not seen.",
    (
        "held_out",
        "bigram",
    ): "For the validation loss: pairs counted in training, on text they have not seen.",
    ("held_out", "floor"): "Exact: no model can do better on this validation text, on average.",
}


def baseline_lines(baselines: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of the chart: kind, name, level in nats, label, and one plain sentence."""
    held_out = baselines.get("held_out")
    levels = {"in_sample": baselines, "held_out": held_out if isinstance(held_out, dict) else {}}
    lines = []
    for (kind, name), text in EXPLANATIONS.items():
        level: Any = baselines.get("floor") if name == "floor" else levels[kind].get(name)
        if _is_number(level):
            where = (
                "" if name in ("uniform", "floor") else ", in sample" if kind == "in_sample" else ", held out"
            )
            line = {"kind": kind, "name": name, "y": round(level, 4), "label": f"{name}{where}", "text": text}
            lines.append(line)
    return lines


def crossing_marks(crossings: list[Any], lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return where the run passed a line that is drawn, each with a sentence."""
    drawn = {(line["kind"], line["name"]): line for line in lines}
    marks = []
    for crossing in crossings:
        line = drawn.get((crossing.get("kind"), crossing.get("line")))
        if line is None:
            continue
        loss = "Training loss" if line["kind"] == "in_sample" else "Validation loss"
        place = f"at step {crossing['step']:,}, after {duration(crossing['elapsed_s'])}"
        in_words = f"the {line['kind'].replace('_', '-')} {line['name']} line"
        name = in_words if "," in line["label"] else f"the {line['name']}"
        text = f"{loss} passed {name} {place}."
        level = crossing.get("loss", line["y"])
        marks.append({"x": crossing["step"], "y": level, "kind": line["kind"], "text": text})
    return marks


def duration(seconds: float) -> str:
    """Return a span of time in words, as 6 s, 1 min 20 s or 2 h 5 min."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
