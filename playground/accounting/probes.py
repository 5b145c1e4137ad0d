"""What training steps of a shape took on this machine: measured once by probe.py, kept by shape.

A shape whose steps were measured needs no adding up of pieces.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground.accounting.flops import flops_per_step
from playground.accounting.machine import Machine
from playground.accounting.seconds import step_seconds
from playground.cache import cache_root, key_of
from playground.config import RunConfig
from playground.files import read_json, write_json_atomic

FORMAT = 1
"""Probes of another format are made again."""

MOST = 300
"""Beyond so many shapes, the oldest are forgotten."""

LONGEST_BATCH = 0.08
"""Seconds: to choose the threads takes seven batches, and then some steps are to be timed within a second."""


@dataclass(frozen=True)
class Probe:
    """Steps of one shape, as they ran."""

    threads: int
    """CPU threads, as a run would choose them."""
    step_seconds: float
    """Of a step of one batch."""
    batch_seconds: float
    """Of one batch more in a step: forwards and backwards."""

    def seconds(self, accumulate: int) -> float:
        """Return the seconds of a step of so many batches."""
        return self.step_seconds + (accumulate - 1) * self.batch_seconds


def known_probe(config: RunConfig, machine: Machine) -> Probe | None:
    """Return what steps of this shape took on this machine; None: they were not measured."""
    found = _all().get(_key(config, machine))
    return None if found is None else Probe(**found)


def keep_probe(config: RunConfig, machine: Machine, probe: Probe) -> None:
    """Keep what steps of this shape took."""
    before, key = _all(), _key(config, machine)
    before.pop(key, None)  # so that it is the newest
    newest = dict([*before.items(), (key, dataclasses.asdict(probe))][-MOST:])
    _file().parent.mkdir(parents=True, exist_ok=True)
    write_json_atomic(_file(), newest)


def is_short(config: RunConfig, machine: Machine) -> bool:
    """Tell whether steps of this shape can be timed in about a second, by pieces and by the peak.

    Pretrained models, which would have to be fetched first, are left out.
    """
    if config.model.architecture == "hf" or config.train.lora_rank:
        return False
    if config.train.device not in ("auto", machine.device):
        return False
    one = with_one_batch(config)
    at_least = flops_per_step(one)["total"] / machine.peak_flops
    return max(at_least, step_seconds(one, machine)) <= LONGEST_BATCH


def with_one_batch(config: RunConfig) -> RunConfig:
    """Return a config whose steps have one batch each."""
    return dataclasses.replace(config, train=dataclasses.replace(config.train, accumulate=1))


def _file() -> Path:
    return cache_root() / "probes.json"


def _all() -> dict[str, Any]:
    return read_json(_file()) or {}


def _key(config: RunConfig, machine: Machine) -> str:
    """Return the name of all that decides how long a step takes."""
    train, optim = config.train, config.optim
    return key_of(
        {
            "format": FORMAT,
            "model": dataclasses.asdict(config.model),
            "train": [train.batch_size, train.precision, train.threads],
            "optim": [optim.optimizer, optim.max_grad_norm > 0],
            "machine": [machine.device, machine.threads],
        }
    )
