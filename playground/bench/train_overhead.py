"""What a run folder costs: logging, polling for requests and checkpoints, as a share of the training step."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any


def print_overhead(steps: int = 300) -> None:
    """Train the default preset by the real worker, and print how long it was not training."""
    from playground import presets, runs
    from playground.worker import work, worker

    config = presets.preset(presets.DEFAULT_PRESET).config
    # Completions and evaluations are what the person asked for: here they wait until the end.
    settings = dataclasses.replace(
        config.train, steps=steps, eval_every=steps, early_evals=0, sample_every=steps
    )
    config = dataclasses.replace(config, train=settings)
    clock, original = LoopClock(worker.train), worker.train
    worker.train = clock
    try:
        with tempfile.TemporaryDirectory() as folder:
            work(runs.create(Path(folder), "bench", config.to_json()))
    finally:
        worker.train = original
    share = sum(clock.outside) / (median(clock.inside) * len(clock.outside))
    checkpoints = steps // settings.checkpoint_every
    print(f"logging, polling and {checkpoints} checkpoints in {steps} steps: {share:.2%} of the steps' time")


class LoopClock:
    """Stands in for train: notes the seconds inside it of steps alone, and those between its records."""

    def __init__(self, train: Callable[..., Iterator[dict[str, Any]]]) -> None:
        self.train = train
        self.inside: list[float] = []
        self.outside: list[float] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Iterator[dict[str, Any]]:
        """Yield the records of train; after the first and the last come completions: they are left out."""
        records = self.train(*args, **kwargs)
        began = time.perf_counter()
        for record in records:
            after = time.perf_counter()
            yield record
            began, inside = time.perf_counter(), after - began
            if "val_loss" not in record:
                self.inside.append(inside)
            self.outside.append(began - after)
        del self.outside[0], self.outside[-1]
