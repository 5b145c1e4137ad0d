"""What the chart costs: bytes a tick, on a long run of made-up points."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path

from playground import presets, runs
from playground.files import write_json_atomic


def bench_tick(points: int = 50_000) -> None:
    """Bytes that the chart's server function sends: opening a long run, and each tick after it."""
    from playground.ui.monitor.polling import poll

    with tempfile.TemporaryDirectory() as folder:
        os.environ["PLAYGROUND_RUNS"] = folder
        run = long_run(Path(folder), points)
        began = time.perf_counter()
        opened = poll({"run": run.name})
        seconds = time.perf_counter() - began
        print(f"opening {points:,} points: {len(json.dumps(opened)) / 1000:.1f} kB, {seconds * 1000:.0f} ms")
        for new in (20, 5000):
            append_points(run, points, points + new)
            points += new
            request = {
                key: opened[key] for key in ("run", "epoch", "metrics_byte", "samples_byte") if key in opened
            }
            opened = poll({"run": run.name, **request})
            print(f"a tick with {new} new points: {len(json.dumps(opened)) / 1000:.1f} kB")


def long_run(root: Path, points: int) -> Path:
    """Make a finished run of many logged points; made-up numbers, for measuring the chart alone."""
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
    append_points(run, 0, points)
    state = {
        "state": "finished",
        "created": time.time(),
        "step": points,
        "total_steps": points,
        "generation": 1,
    }
    write_json_atomic(run / "status.json", state)
    return run


def append_points(run: Path, start: int, end: int) -> None:
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
            file.write(json.dumps(record) + "\n")
