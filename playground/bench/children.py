"""Measuring in a process of its own, so that nothing that ran before counts as its memory."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from threading import Event, Thread
from typing import Any

WATCH_SECONDS = 0.02


@dataclass(frozen=True)
class Measured:
    """What a function returned, how long it took, and the most memory its process ever held."""

    result: Any
    seconds: float
    peak_bytes: int


def in_child(function: Callable[..., Any], *args: Any) -> Measured:
    """Call a function of a module in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, function, args).result()


def _measured(function: Callable[..., Any], args: tuple[Any, ...]) -> Measured:
    began = time.perf_counter()
    result = function(*args)
    return Measured(result, time.perf_counter() - began, peak_bytes())


def peak_bytes() -> int:
    """Return the most memory that this process ever held, code and mapped files included."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count the memory of the parent at the fork
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class PrivateMemory:
    """Watches the memory that this process alone holds: what it has in RAM, mapped files not counted."""

    def __init__(self) -> None:
        self.peak_bytes = 0
        self.done = Event()
        self.watch = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PrivateMemory:
        self.watch.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.done.set()
        self.watch.join()

    def _watch(self) -> None:
        while True:
            self.peak_bytes = max(self.peak_bytes, private_bytes())
            if self.done.wait(WATCH_SECONDS):
                return


def private_bytes() -> int:
    """Return the memory that this process holds now, mapped files not counted where the system tells them."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("RssAnon"))
        return int(line.split()[1]) * 1024
    return peak_bytes()
