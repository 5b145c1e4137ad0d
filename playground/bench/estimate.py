"""What the estimate says of five presets, beside what their training takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from playground.files import read_json_lines

PRESETS = {"fast": 40, "course-lstm": 12, "shakespeare-cpu": 40, "arena": 5, "shakespeare-gpu": 4}
"""Steps that each is trained for; the median of all after the first counts. One on a CPU may take 7 s."""

ACCUMULATE = 4
"""Batches a step at the most: 40 would only take longer."""


def bench_estimate() -> None:
    """Predicted against measured: memory and time of five presets, each in processes of its own."""
    print(f"{'preset':16} {'memory':>10} {'predicted':>10} ratio {'step':>10} {'predicted':>10} ratio")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        text = root / "text.txt"
        text.write_text(_some_text(), encoding="utf-8")
        for name, steps in PRESETS.items():
            memory, seconds, predicted = _measure(root, text, name, steps)
            p_memory, p_seconds = predicted["memory"]["total"], predicted["step_seconds"]
            print(
                f"{name:16} {memory / 1e6:>7,.0f} MB {p_memory / 1e6:>7,.0f} MB {p_memory / memory:>5.2f} "
                f"{seconds * 1e3:>7,.0f} ms {p_seconds * 1e3:>7,.0f} ms {p_seconds / seconds:>5.2f}",
                flush=True,
            )


def _measure(root: Path, text: Path, name: str, steps: int) -> tuple[float, float, dict[str, Any]]:
    from playground.presets import preset

    accumulate = str(min(ACCUMULATE, preset(name).config.train.accumulate))
    flags = ["--preset", name, "--text", str(text), "--accumulate", accumulate]
    predicted = json.loads(_playground(root, "estimate", *flags, "--calibrate", "--json"))
    run = root / name
    often = ["--steps", str(steps), "--eval-sequences", "1"]
    rarely = ["--eval-every", "10000", "--sample-every", "10000", "--checkpoint-every", "10000"]
    _playground(root, "train", "--run", str(run), *flags, *often, *rarely)
    records, _ = read_json_lines(run / "metrics.jsonl")
    elapsed = [record["elapsed_s"] for record in records if record["step"] < steps]  # the last one evaluates
    seconds = median(after - before for before, after in zip(elapsed[1:], elapsed[2:], strict=False))
    return max(record.get("memory_bytes", 0) for record in records), seconds, predicted


def _playground(root: Path, *words: str) -> str:
    env = {**os.environ, "PLAYGROUND_CACHE": str(root / "cache"), "PLAYGROUND_RUNS": str(root)}
    command = [sys.executable, "-m", "playground", *words]
    return subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def _some_text() -> str:
    from playground.corpora import load_corpus

    return "".join(load_corpus("toy-stories").documents)[:200_000]
