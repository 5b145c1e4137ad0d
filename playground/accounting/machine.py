"""What is known of this machine: its memory, and how long the pieces of a training step take on it.

The measuring is done by measure.py, once, in a few seconds; it is kept as JSON, so that predictions need
neither PyTorch nor a second measurement.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playground.cache import cache_root
from playground.files import read_json, write_text_atomic

FORMAT = 2
"""Measurements of another format are made again."""

Points = tuple[tuple[float, float], ...]
"""Sizes and the seconds they took, by rising size."""


@dataclass(frozen=True)
class Machine:
    """A machine as far as training goes."""

    device: str
    """cpu, cuda or mps."""
    threads: int
    """CPU threads that were used."""
    memory_bytes: int
    """All the memory of the device."""
    process_bytes: int
    """What a process holds that trains a small model: the libraries, and what they keep."""
    peak_flops: float
    """Operations per second of a large matrix product."""
    half: bool
    """Whether matrix products are in bfloat16 where the config leaves it open."""
    seconds: dict[str, Points]
    """What each piece of a training step takes, forwards and backwards, by its size."""
    alone: dict[str, Points] = field(default_factory=dict)
    """The same on one CPU thread, where `threads` are more."""
    slack: float = 1.0
    """What comes and goes within a step takes so many times its bytes: the allocator keeps freed blocks."""


def seconds_of(points: Points, size: float) -> float:
    """Return the seconds that a piece takes: between the measured sizes a power law, beyond them linear.

    Below the smallest measured size it takes no less time: that is the overhead of a call.
    """
    if size <= points[0][0]:
        return points[0][1]
    if size >= points[-1][0]:
        return points[-1][1] * size / points[-1][0]
    for (small, fast), (large, slow) in zip(points, points[1:], strict=False):
        if size <= large:
            share = math.log(size / small) / math.log(large / small)
            return fast * (slow / fast) ** share
    raise AssertionError("unreachable")


def machine_file() -> Path:
    """Return where the measurements of this machine are kept."""
    return cache_root() / "machine.json"


def save_machine(machine: Machine) -> None:
    """Keep the measurements."""
    machine_file().parent.mkdir(parents=True, exist_ok=True)
    write_text_atomic(machine_file(), json.dumps({"format": FORMAT, **dataclasses.asdict(machine)}))


def load_machine() -> Machine | None:
    """Return the measurements of this machine, or None if it was not measured yet."""
    return machine_from(read_json(machine_file()))


def machine_from(values: dict[str, Any] | None) -> Machine | None:
    """Return the machine of JSON values, or None if they are of another format."""
    if values is None or values.get("format") != FORMAT:
        return None
    known: dict[str, Any] = {name: value for name, value in values.items() if name != "format"}
    for kind in ("seconds", "alone"):
        known[kind] = {
            piece: tuple((size, seconds) for size, seconds in points) for piece, points in known[kind].items()
        }
    return Machine(**known)


def memory_of_system() -> int:
    """Return the bytes of memory that this system has, or 0 if it does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # no such question on this system
        return 0
