"""A second of a run's own steps: how long they take at its very shape, with the threads it would choose.

Where a second is too short for that, the pieces that measure.py has timed are added up instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch

from playground.accounting.machine import Machine
from playground.accounting.probes import Probe, keep_probe, with_one_batch
from playground.calibration import choose_threads, rehearsal, timed
from playground.config import RunConfig
from playground.measure import random_data
from playground.models import build_model
from playground.optim import build_optimizer
from playground.training import train_step

SECONDS = 0.5
"""Steps are timed for about so long."""

FEWEST, MOST = 3, 20
"""Steps that are timed."""


def probe(config: RunConfig, machine: Machine) -> Probe:
    """Time steps of a config on this machine, and keep what they took."""
    found = measure_steps(config, torch.device(machine.device))
    keep_probe(config, machine, found)
    return found


def measure_steps(config: RunConfig, device: torch.device) -> Probe:
    """Train a new model on random tokens for a moment; threads and generators stay as they are."""
    before, one = torch.get_num_threads(), with_one_batch(config)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        model, data = build_model(config.model).to(device), random_data(config)
        try:
            if device.type == "cpu":
                threads = config.train.threads or choose_threads(model, data, config)
                torch.set_num_threads(threads)
            optimizer = build_optimizer(model, config.optim, config.train.precision)
            generator = torch.Generator().manual_seed(0)
            rows = data.rows("train", config.model.n_ctx)
            step = _several(lambda: train_step(model, optimizer, rows, one, device, generator, lr=1e-4))
            more = config.train.accumulate > 1
            batch = _several(rehearsal(model, data, config, device)) if more else step
            return Probe(torch.get_num_threads(), step, min(step, batch))
        finally:
            torch.set_num_threads(before)


def _several(action: Callable[[], object]) -> float:
    """Return the seconds of the middle one of several times; the first, which allocates, does not count."""
    action()
    times: list[float] = []
    began = time.perf_counter()
    while len(times) < FEWEST or (len(times) < MOST and time.perf_counter() - began < SECONDS):
        times.append(timed(action))
    return median(times)
