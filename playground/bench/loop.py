"""What a run's bookkeeping costs: logging, looking for requests, the heartbeat and checkpoints."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playground import presets, runs

STEPS = 300


def bench_loop() -> None:
    """Share of a training step that logging, polling, the heartbeat and checkpoints take, in one run."""
    from playground import training
    from playground.status_file import StatusFile
    from playground.worker import Worker
    from playground.worker.saving import Saver

    seconds: dict[str, float] = defaultdict(float)
    config = presets.preset(presets.DEFAULT_PRESET).config
    config = dataclasses.replace(config, train=dataclasses.replace(config.train, steps=STEPS))
    train_step, save = training.train_step, Saver.save
    with tempfile.TemporaryDirectory() as folder:
        run = runs.create(Path(folder), "bench", config.to_json())
        status = StatusFile(run)
        status.begin()
        worker: Any = Worker(run, status)
        training.train_step = _timed("steps", train_step, seconds)
        Saver.save = _timed("checkpoints", save, seconds)
        records, notes = worker.notes.records, worker.notes
        records.append = _timed("logging", records.append, seconds)
        notes.heartbeat = _timed("heartbeat", notes.heartbeat, seconds)
        worker.control.next_request = _timed("polling", worker.control.next_request, seconds)
        try:
            worker.run_to_end(False)
        finally:
            training.train_step, Saver.save = train_step, save
    _print(seconds)


def _timed(name: str, action: Callable, seconds: dict[str, float]) -> Callable:
    def act(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        result = action(*args, **kwargs)
        seconds[name] += time.perf_counter() - began
        return result

    return act


def _print(seconds: dict[str, float]) -> None:
    steps = seconds.pop("steps")
    print(f"a step: {1000 * steps / STEPS:.1f} ms")
    for name, spent in seconds.items():
        print(f"{name:12} {1e6 * spent / STEPS:7.0f} µs a step  {100 * spent / steps:6.2f} %")
    print(f"{'together':12} {'':18} {100 * sum(seconds.values()) / steps:6.2f} %")
