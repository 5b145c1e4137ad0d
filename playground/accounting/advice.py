"""What to change of a run that can't fit into memory: the least change that helps."""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field

from playground.accounting.memory import peak_bytes
from playground.config import ConfigError, RunConfig

LARGEST = 2**20
"""No batch is looked for beyond this."""


@dataclass(frozen=True)
class Advice:
    """A sentence, and the settings by which it would fit; none if nothing was found."""

    sentence: str
    changes: dict[str, int] = field(default_factory=dict)
    """By part and field, as train.batch_size."""


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
        raise ConfigError(advise(config, needed, free_bytes, free_bytes, half=half).sentence)


def advise(config: RunConfig, needed: int, available: int, free: int, *, half: bool = False) -> Advice:
    """Return the first of several changes, from the least to the most, that would fit into `free` bytes.

    `needed` and `available` are what the sentence names; they may count what the process holds anyway.
    """
    begin = f"It would take {gigabytes(needed)} of memory, but there are {gigabytes(available)}: "
    for words, changes in _smaller(config, free, half):
        if peak_bytes(changed(config, changes), half=half) <= free:
            return Advice(f"{begin}{words}.", changes)
    return Advice(f"{begin}choose a model of fewer and narrower layers.")


def changed(config: RunConfig, changes: dict[str, int]) -> RunConfig:
    """Return a config with settings replaced, each named by part and field."""
    parts: dict[str, dict[str, int]] = {}
    for key, value in changes.items():
        part, _, name = key.partition(".")
        parts.setdefault(part, {})[name] = value
    made = {part: dataclasses.replace(getattr(config, part), **values) for part, values in parts.items()}
    return dataclasses.replace(config, **made)


def _smaller(config: RunConfig, free: int, half: bool) -> Iterator[tuple[str, dict[str, int]]]:
    train, model = config.train, config.model
    accumulating = changed(config, {"train.accumulate": max(2, train.accumulate)})
    batch = min(largest_batch(accumulating, free, half=half), train.batch_size - 1)
    if batch >= 1:
        accumulate = -(-train.batch_size * train.accumulate // batch)
        words = f"a batch of {batch} fits (with accumulate at {accumulate}, a step learns as much)"
        yield words, {"train.batch_size": batch, "train.accumulate": accumulate}
    one = {"train.batch_size": 1}
    for n_ctx in (model.n_ctx // 2, model.n_ctx // 4, model.n_ctx // 8):
        if n_ctx >= 1:
            yield f"a context of {n_ctx:,} with a batch of 1 fits", {**one, "model.n_ctx": n_ctx}

    def too_much(n_layers: int) -> bool:
        return peak_bytes(changed(config, {**one, "model.n_layers": n_layers}), half=half) > free

    layers = bisect.bisect_left(range(1, model.n_layers), True, key=too_much)
    if layers:
        yield f"{layers} layers with a batch of 1 fit", {**one, "model.n_layers": layers}
    for width in (model.d_model // 2, model.d_model // 4, model.d_model // 8):
        if width % (2 * model.n_heads) == 0 and width:
            words = f"one layer of d_model {width} with a batch of 1 fits"
            narrow = {"model.d_mlp": 0, "model.d_head": 0, "model.d_model": width}
            yield words, {**one, "model.n_layers": 1, **narrow}


def gigabytes(count: float) -> str:
    """Return a number of bytes in words, to three figures."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:,.3g} {unit}" if count < 1000 * size else f"{count / size:,.0f} {unit}"
    return f"{count / 1e3:.3g} kB"
