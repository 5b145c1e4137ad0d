"""All that is known of a run before it starts, and what to change if it can't fit."""

from __future__ import annotations

from dataclasses import dataclass, field

from playground.accounting.adapters import trainable_parameters
from playground.accounting.advice import Advice, advise, largest_batch
from playground.accounting.flops import flops_per_step
from playground.accounting.machine import Machine
from playground.accounting.memory import (
    memory_parts,
    moving_bytes,
    peak_bytes,
    reference_bytes,
    sampler_bytes,
)
from playground.accounting.parameters import count_parameters
from playground.accounting.probes import Probe
from playground.accounting.seconds import evaluation_seconds, step_seconds
from playground.config import ConfigError, RunConfig


@dataclass(frozen=True)
class Estimate:
    """Sizes in bytes, times in seconds; what could not be known is None."""

    parameters: dict[str, int]
    flops: dict[str, int]
    """Of one optimizer step."""
    memory: dict[str, int]
    """By part; total is the most there is at once, in float32 but for what mixed precision halves.

    Of a measured machine also what its allocator holds beside that, and what the process holds anyway.
    """
    memory_available: int
    largest_batch: int
    """Sequences per forward pass that fit; 0 if not even one does."""
    fits: bool
    advice: str
    """What to change if it does not fit, else empty."""
    tokens_per_step: int
    tokens_per_parameter: float
    """Over the whole run; about 20 uses a given number of operations best (Hoffmann et al. 2022)."""
    step_seconds: float | None
    run_seconds: float | None
    mfu: float | None
    """Operations per second of the model, as a share of the device's peak."""
    trainable: int = 0
    """Parameters that learn."""
    probed: bool = False
    """Whether steps of this very shape were timed; else the pieces of a step are added up."""
    changes: dict[str, int] = field(default_factory=dict)
    """The settings of the advice, by part and field, as train.batch_size."""


def estimate(
    config: RunConfig,
    machine: Machine | None = None,
    probe: Probe | None = None,
    *,
    memory_bytes: int = 0,
    flops_per_second: float = 0.0,
    mfu: float = 0.0,
) -> Estimate:
    """Predict a run, on a measured machine or on one that is described.

    `probe` is what steps of its shape took on that machine, where they were timed.
    `memory_bytes` takes the place of the machine's; `flops_per_second` is the peak of a device, and `mfu` the
    share of it that is used. Raises ConfigError if the vocabulary size is not known yet.
    """
    if config.model.d_vocab < 1:
        raise ConfigError("d_vocab is 0: the size of a model depends on its vocabulary, so give its number.")
    half = in_bfloat16(config, machine)
    held = machine.process_bytes if machine and not memory_bytes else 0
    available = memory_bytes or (machine.memory_bytes if machine else 0)
    memory = memory_parts(config, half=half)
    if held:
        assert machine is not None
        held += reference_bytes(config.model.d_vocab) + sampler_bytes(config.model, machine.device)
        slack = round((machine.slack - 1) * moving_bytes(config, half=half))
        memory = {**memory, "allocator": slack, "process": held, "total": memory["total"] + slack + held}
    fits = not available or memory["total"] <= available
    flops = flops_per_step(config)
    if flops_per_second:
        share = mfu or 1.0
        seconds = flops["total"] / (flops_per_second * share)
    else:
        seconds = _seconds(config, machine, probe)
        share = flops["total"] / (seconds * machine.peak_flops) if machine and seconds else None
    free = available - memory["total"] + peak_bytes(config, half=half)
    advice = Advice("") if fits else advise(config, memory["total"], available, free, half=half)
    tokens = config.train.batch_size * config.train.accumulate * config.model.n_ctx
    parameters = count_parameters(config.model)
    return Estimate(
        parameters=parameters,
        flops=flops,
        memory=memory,
        memory_available=available,
        largest_batch=largest_batch(config, free, half=half) if available else 0,
        fits=fits,
        advice=advice.sentence,
        tokens_per_step=tokens,
        tokens_per_parameter=tokens * config.train.steps / parameters["total"],
        step_seconds=seconds,
        run_seconds=None if seconds is None else _run_seconds(config, seconds),
        mfu=share,
        trainable=trainable_parameters(config),
        probed=probe is not None and not flops_per_second,
        changes=advice.changes,
    )


def _run_seconds(config: RunConfig, step: float) -> float:
    return config.train.steps * (step + evaluation_seconds(config, step))


def in_bfloat16(config: RunConfig, machine: Machine | None) -> bool:
    """Return whether matrix products will be in bfloat16; auto is what the machine was measured with."""
    if config.train.precision == "auto":
        return machine is not None and machine.half
    return config.train.precision == "bfloat16"


def _seconds(config: RunConfig, machine: Machine | None, probe: Probe | None) -> float | None:
    """Return the seconds of a step; None in a precision that was not measured."""
    if machine is None:
        return None
    if probe is not None:
        return probe.seconds(config.train.accumulate)
    return step_seconds(config, machine) if in_bfloat16(config, machine) == machine.half else None
