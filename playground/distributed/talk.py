"""What rank 0 tells the others between two steps: what was asked of the run, each thing once, in order."""

from __future__ import annotations

import time
from enum import IntEnum
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from playground.control import Control, StopRequestedError
from playground.distributed.world import World

KEEP_ALIVE_SECONDS = 30.0
"""While rank 0 is busy elsewhere (a full disk, a long text to prepare) it says so this often."""


class Word(IntEnum):
    """What rank 0 says."""

    GO = 0
    """Nothing more was asked: on to the next step, or look again after a pause's moment."""
    WAIT = 1
    SET_LR = 2
    PAUSE = 3
    RESUME = 4
    STOP = 5


def say(word: Word, value: float = 0.0) -> None:
    """Tell all other ranks a word and a number; rank 0 says it when they hear."""
    dist.broadcast(torch.tensor([word, value], dtype=torch.float64), src=0)


def hear() -> tuple[Word, float]:
    """Wait for the next word of rank 0 and the number that goes with it."""
    heard = torch.zeros(2, dtype=torch.float64)
    dist.broadcast(heard, src=0)
    return Word(int(heard[0])), heard[1].item()


def control_of(run: Path, world: World) -> Control:
    """Return what rank 0 hears with."""
    return Control(run) if world.size == 1 else SharedControl(run)


class SharedControl(Control):
    """What rank 0 hears, passed on to the others, so that all do it between the same two steps."""

    def __init__(self, run: Path) -> None:
        super().__init__(run)
        self.said, self.is_over = time.monotonic(), False

    def let_go(self, step: int) -> None:
        """Let the others begin, from the checkpoint of this step; 0: from the start."""
        self._say(Word.GO, step)

    def next_request(self) -> dict[str, Any] | None:
        """Return the next request, or None, and tell the others; raises StopRequestedError."""
        request = super().next_request()
        self._say(*_word_of(request))
        return request

    def check_stop(self) -> None:
        """Raise StopRequestedError if the run is to stop, on all ranks."""
        try:
            super().check_stop()
        except StopRequestedError:
            self._say(Word.STOP)
            self.is_over = True
            raise
        if time.monotonic() - self.said > KEEP_ALIVE_SECONDS:
            self._say(Word.WAIT)

    def _say(self, word: Word, value: float = 0.0) -> None:
        if not self.is_over:
            say(word, value)
            self.said = time.monotonic()


def _word_of(request: dict[str, Any] | None) -> tuple[Word, float]:
    if request is None:
        return Word.GO, 0.0
    if request.get("action") == "set_lr" and isinstance(request.get("lr"), float):
        return Word.SET_LR, request["lr"]
    return {"pause": Word.PAUSE, "resume": Word.RESUME}.get(request.get("action", ""), Word.WAIT), 0.0
