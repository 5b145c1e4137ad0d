"""What the chart costs: bytes a tick, on a long run of made-up points."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playground import presets, runs
from playground.files import write_json_atomic


def bench_tick(points: int = 50_000, n_runs: int = 10) -> None:
    """Bytes and time of the chart's server function: opening ten long runs, and each tick after that."""
    from playground.ui.monitor import kept_curves
    from playground.ui.monitor.polling import poll

    with tempfile.TemporaryDirectory() as folder:
        os.environ["PLAYGROUND_RUNS"], os.environ["PLAYGROUND_CACHE"] = folder, f"{folder}/cache"
        first = long_run(Path(folder), points, knows=True)
        others = [shutil.copytree(first, Path(folder) / f"long-{n}") for n in range(2, n_runs + 1)]
        request = {"runs": [{"run": run.name, "samples": run == first} for run in (first, *others)]}
        for what in ("for the first time", "again", "with another app"):
            if what == "with another app":
                kept_curves.forget()
            opened, wall, cpu = _timed(lambda: poll(request))
            print(f"opening {n_runs} runs of {points:,} points {what}: {_kilobytes(opened):.0f} kB, "
                  f"{wall:.2f} s, of the processor {cpu:.2f} s")  # fmt: skip
        for new in (20, 5000):
            append_points(first, points, points + new, knows=True)
            points += new
            answer, wall, _ = _timed(lambda: poll({"runs": [_cursors(a) for a in opened["runs"]]}))
            print(f"a tick with {new} new points: {_kilobytes(answer):.1f} kB, {1000 * wall:.0f} ms")


def _timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    began, used = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - began, time.process_time() - used


def _kilobytes(answer: Any) -> float:
    return len(json.dumps(answer)) / 1000


def _cursors(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what a page sends that has seen an answer."""
    known = {f"n_{key}": len(answer[key]) for key in ("lines", "crossings", "events") if key in answer}
    kept = {key: answer[key] for key in ("run", "epoch", "metrics_byte", "samples_byte") if key in answer}
    return {**known, **kept, "samples": "samples_byte" in answer}


def long_run(root: Path, points: int, knows: bool = False) -> Path:
    """Make a finished run of many logged points; made-up numbers, for measuring the chart alone.

    knows: with what evaluations say of what the model knows.
    """
    run = runs.create(root, "long", presets.preset(presets.DEFAULT_PRESET).config.to_json())
    held_out = {"unigram": 5.3, "bigram": 3.4, "trigram": 2.6}
    lines = {
        "uniform": 6.24,
        "unigram": 5.2,
        "bigram": 3.2,
        "trigram": 2.1,
        "held_out": held_out,
        "floor": 0.5,
    }
    write_json_atomic(run / "baselines.json", lines)
    append_points(run, 0, points, knows)
    state = {
        "state": "finished",
        "created": time.time(),
        "step": points,
        "total_steps": points,
        "generation": 1,
    }
    write_json_atomic(run / "status.json", state)
    return run


def append_points(run: Path, start: int, end: int, knows: bool = False) -> None:
    """Append metric records with a falling, noisy loss."""
    import random

    noise = random.Random(start)
    with open(run / "metrics.jsonl", "a") as file:
        for step in range(start, end):
            loss = 0.6 + 5.6 / (1 + step / 400)
            record = {"step": step, "tokens_seen": step * 2048, "elapsed_s": step / 20, "lr": 1e-3}
            record |= {"train_loss": loss + noise.gauss(0, 0.05), "grad_norm": 1.0, "tokens_per_s": 4e4}
            record |= {"mfu": 0.3, "memory_bytes": 1 << 29}
            if step % 50 == 0:
                record |= {"val_loss": loss + 0.05, "val_accuracy": 0.5}
            if step % 50 == 0 and knows:
                record |= {"induction": 0.1} | {
                    f"kl_{name}": 6 - loss for name in ("uniform", "unigram", "bigram", "trigram")
                }
                record |= {"position_loss": [loss + 0.5 / (1 + place) for place in range(7)]}
            file.write(json.dumps(record) + "\n")
