"""All that is known of a run before it starts, and what to change if it can't fit."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from playground.accounting.flops import flops_per_step
from playground.accounting.machine import Machine
from playground.accounting.memory import memory_parts, peak_bytes
from playground.accounting.parameters import count_parameters
from playground.accounting.seconds import step_seconds
from playground.config import ConfigError, RunConfig

LARGEST = 2**20
"""No batch is looked for beyond this."""


@dataclass(frozen=True)
class Estimate:
    """Sizes in bytes, times in seconds; what could not be known is None."""

    parameters: dict[str, int]
    flops: dict[str, int]
    """Of one optimizer step."""
    memory: dict[str, int]
    """By part; total is the most there is at once, in float32 but for what mixed precision halves."""
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


def estimate(
    config: RunConfig,
    machine: Machine | None = None,
    *,
    memory_bytes: int = 0,
    flops_per_second: float = 0.0,
    mfu: float = 0.0,
) -> Estimate:
    """Predict a run, on a measured machine or on one that is described.

    `memory_bytes` takes the place of the machine's; `flops_per_second` is the peak of a device, and `mfu` the
    share of it that is used. Raises ConfigError if the vocabulary size is not known yet.
    """
    if config.model.d_vocab < 1:
        raise ConfigError("d_vocab is 0: the size of a model depends on its vocabulary, so give its number.")
    half = in_bfloat16(config, machine)
    held = machine.process_bytes if machine and not memory_bytes else 0
    available = memory_bytes or (machine.memory_bytes if machine else 0)
    memory = memory_parts(config, half=half)
    memory = {**memory, "process": held, "total": memory["total"] + held}
    fits = not available or memory["total"] <= available
    flops = flops_per_step(config)
    seconds, share = _time(config, machine, flops["total"], flops_per_second, mfu)
    tokens = config.train.batch_size * config.train.accumulate * config.model.n_ctx
    parameters = count_parameters(config.model)
    return Estimate(
        parameters=parameters,
        flops=flops,
        memory=memory,
        memory_available=available,
        largest_batch=largest_batch(config, available - held, half=half) if available else 0,
        fits=fits,
        advice="" if fits else _advice(config, memory["total"], available, available - held, half),
        tokens_per_step=tokens,
        tokens_per_parameter=tokens * config.train.steps / parameters["total"],
        step_seconds=seconds,
        run_seconds=None if seconds is None else seconds * config.train.steps,
        mfu=share,
    )


def in_bfloat16(config: RunConfig, machine: Machine | None) -> bool:
    """Return whether matrix products will be in bfloat16; auto is what the machine was measured with."""
    if config.train.precision == "auto":
        return machine is not None and machine.half
    return config.train.precision == "bfloat16"


def _time(
    config: RunConfig, machine: Machine | None, flops: int, flops_per_second: float, mfu: float
) -> tuple[float | None, float | None]:
    if flops_per_second:
        return flops / (flops_per_second * (mfu or 1.0)), mfu or 1.0
    if machine is None or in_bfloat16(config, machine) != machine.half:
        return None, None
    seconds = step_seconds(config, machine)
    return seconds, flops / (seconds * machine.peak_flops)


def largest_batch(config: RunConfig, available: int, *, half: bool = False) -> int:
    """Return the most sequences per forward pass that fit into so many bytes; 0 if not even one does."""
    fitting, too_large = 0, 1
    while too_large <= LARGEST and peak_bytes(config, too_large, half=half) <= available:
        fitting, too_large = too_large, too_large * 2
    while too_large - fitting > 1:
        middle = (fitting + too_large) // 2
        if peak_bytes(config, middle, half=half) <= available:
            fitting = middle
        else:
            too_large = middle
    return fitting


def check_fits(config: RunConfig, free_bytes: int, *, half: bool = False) -> None:
    """Raise ConfigError, with the change that would help, if a run can't fit into the free memory."""
    needed = peak_bytes(config, half=half)
    if needed > free_bytes:
        raise ConfigError(_advice(config, needed, free_bytes, free_bytes, half))


def _advice(config: RunConfig, needed: int, available: int, free: int, half: bool) -> str:
    """Return a sentence with the first of several changes, from the least to the most, that would fit."""
    begin = f"It would take {gigabytes(needed)} of memory, but there are {gigabytes(available)}: "
    for words, changed in _smaller(config, free, half):
        if peak_bytes(changed, half=half) <= free:
            return f"{begin}{words}."
    return f"{begin}choose a model of fewer and narrower layers."


def _smaller(config: RunConfig, free: int, half: bool) -> Iterator[tuple[str, RunConfig]]:
    def changed(part: str, **values: object) -> RunConfig:
        return dataclasses.replace(config, **{part: dataclasses.replace(getattr(config, part), **values)})  # type: ignore

    train, model = config.train, config.model
    accumulating = changed("train", accumulate=max(2, train.accumulate))
    batch = min(largest_batch(accumulating, free, half=half), train.batch_size - 1)
    if batch >= 1:
        accumulate = -(-train.batch_size * train.accumulate // batch)
        words = f"a batch of {batch} fits (with accumulate at {accumulate}, a step learns as much)"
        yield words, changed("train", batch_size=batch, accumulate=accumulate)
    config = changed("train", batch_size=1)
    for n_ctx in (model.n_ctx // 2, model.n_ctx // 4, model.n_ctx // 8):
        if n_ctx >= 1:
            yield f"a context of {n_ctx:,} with a batch of 1 fits", changed("model", n_ctx=n_ctx)
    for n_layers in range(model.n_layers - 1, 0, -1):
        yield f"{n_layers} layers with a batch of 1 fit", changed("model", n_layers=n_layers)
    wide = {"n_layers": 1, "d_mlp": 0, "d_head": 0}
    for width in (model.d_model // 2, model.d_model // 4, model.d_model // 8):
        if width % (2 * model.n_heads) == 0 and width:
            words = f"one layer of d_model {width} with a batch of 1 fits"
            yield words, changed("model", d_model=width, **wide)


def gigabytes(count: float) -> str:
    """Return a number of bytes in words, to three figures."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:,.3g} {unit}" if count < 1000 * size else f"{count / size:,.0f} {unit}"
    return f"{count / 1e3:.3g} kB"
