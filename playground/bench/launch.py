"""From Launch to under the bigram line, and to readable text."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from playground import presets, runs
from playground.bench.processes import end

READABLE_SECONDS = 120


def bench_launch() -> None:
    """Default preset: seconds from Launch to under the held-out bigram line, and its text after 2 minutes."""
    with tempfile.TemporaryDirectory() as folder:
        run = runs.create(Path(folder), "bench", presets.preset(presets.DEFAULT_PRESET).config.to_json())
        began = time.perf_counter()
        pid = runs.start(run)
        try:
            passed = _seconds_to_bigram(run, began)
            print(f"from Launch to a validation loss under the held-out bigram line: {passed:.1f} s")
            while time.perf_counter() - began < READABLE_SECONDS and runs.status(run)["state"] in runs.ACTIVE:
                time.sleep(0.2)
            _print_samples(run)
        finally:
            end(pid)


def _seconds_to_bigram(run: Path, began: float) -> float:
    while True:
        status = runs.status(run)
        if any((c["kind"], c["line"]) == ("held_out", "bigram") for c in status.get("crossings", [])):
            return time.perf_counter() - began
        if status["state"] not in runs.ACTIVE:
            raise SystemExit(f"the run ended before it passed the line: {status['reason']}")
        time.sleep(0.05)


def _print_samples(run: Path) -> None:
    status, (metrics, _), (samples, _) = runs.status(run), runs.read_metrics(run), runs.read_samples(run)
    losses = [m["val_loss"] for m in metrics if "val_loss" in m]
    floor = json.loads((run / "baselines.json").read_text())["floor"]
    print(f"after {READABLE_SECONDS} s: step {status['step']}, loss {losses[-1]:.3f}, floor {floor:.3f}")
    for sample in samples[-3:]:
        print(f"  [{sample['prompt']}]{sample['completion']}")
