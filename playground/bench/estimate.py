"""What the estimate says of five presets, beside what their training takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from playground.files import read_json_lines

ROUNDS, LONG = 5, ("arena", "shakespeare-gpu")
"""Two cores of a shared machine run at two speeds by turns, for minutes each: what is predicted in one turn
and measured in the other differs by half. So each is predicted and measured several times, long ones once."""

PRESETS = {"fast": 40, "course-lstm": 12, "shakespeare-cpu": 40, "arena": 5, "shakespeare-gpu": 4}
"""Steps that each is trained for; the median of all after the first counts. One on a CPU may take 7 s."""

ACCUMULATE = 4
"""Batches a step at the most: 40 would only take longer."""


Round = tuple[float, float, float, float]
"""Bytes measured and predicted, seconds of a step measured and predicted."""


def bench_estimate() -> None:
    """Predicted against measured: memory and time of five presets, each in processes of its own."""
    print(f"{'preset':16} {'memory':>10} {'predicted':>10} ratio {'step':>10} {'predicted':>10} ratio")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        text = root / "text.txt"
        text.write_text(_some_text(), encoding="utf-8")
        for name, steps in PRESETS.items():
            rounds = [_measure(root, text, name, steps) for _ in range(1 if name in LONG else ROUNDS)]
            print(_row(name, rounds), flush=True)


def _row(name: str, rounds: list[Round]) -> str:
    """Return the median of each figure, and how far the ratios of time went."""
    memory, p_memory, seconds, p_seconds = (median(figures) for figures in zip(*rounds, strict=True))
    in_memory, in_time = ([r[i + 1] / r[i] for r in rounds] for i in (0, 2))
    spread = f"  ({min(in_time):.2f} to {max(in_time):.2f} in {len(rounds)})" if len(rounds) > 1 else ""
    return (
        f"{name:16} {memory / 1e6:>7,.0f} MB {p_memory / 1e6:>7,.0f} MB {median(in_memory):>5.2f} "
        f"{seconds * 1e3:>7,.0f} ms {p_seconds * 1e3:>7,.0f} ms {median(in_time):>5.2f}{spread}"
    )


def _measure(root: Path, text: Path, name: str, steps: int) -> Round:
    from playground.presets import preset

    accumulate = str(min(ACCUMULATE, preset(name).config.train.accumulate))
    flags = ["--preset", name, "--text", str(text), "--accumulate", accumulate]
    predicted = json.loads(_playground(root, "estimate", *flags, "--calibrate", "--json"))
    run = Path(tempfile.mkdtemp(dir=root)) / name
    often = ["--steps", str(steps), "--eval-sequences", "1"]
    rarely = ["--eval-every", "10000", "--sample-every", "10000", "--checkpoint-every", "10000"]
    _playground(root, "train", "--run", str(run), *flags, *often, *rarely)
    records, _ = read_json_lines(run / "metrics.jsonl")
    elapsed = [record["elapsed_s"] for record in records if record["step"] < steps]  # the last one evaluates
    seconds = median(after - before for before, after in zip(elapsed[1:], elapsed[2:], strict=False))
    memory = max(record.get("memory_bytes", 0) for record in records)
    return memory, predicted["memory"]["total"], seconds, predicted["step_seconds"]


def _playground(root: Path, *words: str) -> str:
    env = {**os.environ, "PLAYGROUND_CACHE": str(root / "cache"), "PLAYGROUND_RUNS": str(root)}
    command = [sys.executable, "-m", "playground", *words]
    return subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def _some_text() -> str:
    from playground.corpora import load_corpus

    return "".join(load_corpus("toy-stories").documents)[:200_000]
