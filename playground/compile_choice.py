"""Whether a run's blocks are compiled: where that pays back within the run, by what this machine has shown.

What compiling took and what it gave are kept beside the other measurements of this machine, by shape, so that
only the first run of a shape goes by an expectation.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from playground.cache import cache_root, key_of
from playground.calibration import rehearsal, timed
from playground.compiled_blocks import beside, compile_blocks, obstacle, release_blocks
from playground.config import ConfigError, RunConfig
from playground.devices import uses_bfloat16
from playground.files import read_json, write_json_atomic
from playground.job import Job

EXPECTED_SECONDS, EXPECTED_SHARE = 30.0, 0.85
"""Before anything was compiled here: what that takes, and what is left of the time of a batch."""

MARGIN = 2.0
"""So many times its seconds must compiling save within the run."""

WORTH_IT = 0.97
"""Over this share of the plain time, compiled blocks are let go again."""

ROUNDS = 4


@dataclass(frozen=True)
class Experience:
    """What compiling a shape was like on this machine."""

    seconds: float
    share: float
    """Of the time of a batch, forward and backward: compiled by plain."""


@dataclass(frozen=True)
class Choice:
    """Whether blocks are compiled, and why."""

    compiled: bool
    why: str


def settle(job: Job, saved: bool | None, processes: int, listen: Callable[[], object]) -> Choice:
    """Compile the blocks of a job, or leave them, as its setting says.

    `saved` is what its checkpoint says, by which auto goes on: compiled sums are in another order. `listen`
    is called while it compiles, and may raise. Raises ConfigError if blocks are to be compiled and can't be.
    """
    setting = job.config.train.compile
    wanted = {"on": True, "off": False}.get(setting, saved)
    if wanted is False:
        return Choice(False, "Not compiled, as before." if setting == "auto" else "Not compiled.")
    why_not = obstacle(job.config, job.device, processes)
    if why_not and setting == "on":
        raise ConfigError(f"compile is on, but {why_not}: choose auto or off.")
    if why_not:
        return Choice(False, f"Not compiled: {why_not}.")
    if wanted:
        return _compile(job, listen, keep=True)
    choice = expect(job, known(job.config, job.device))
    return _compile(job, listen, keep=False) if choice.compiled else choice


def expect(job: Job, experience: Experience | None) -> Choice:
    """Say whether compiling pays back within what is left of a run: measures its plain step."""
    step = rehearsal(job.model, job.data, job.config, job.device)
    plain = min(timed(step) for _ in range(2))
    seconds = experience.seconds if experience else EXPECTED_SECONDS
    share = experience.share if experience else EXPECTED_SHARE
    batches = (job.config.train.steps - job.progress.step) * job.config.train.accumulate
    saved = batches * plain * (1 - share)
    how = "as measured before" if experience else "as expected"
    figures = f"it takes {seconds:.0f} s and saves {max(saved, 0):.0f} s of this run, {how}"
    if share < WORTH_IT and saved > MARGIN * seconds:
        return Choice(True, f"Compiled: {figures}.")
    return Choice(False, f"Not compiled: {figures}.")


def _compile(job: Job, listen: Callable[[], object], *, keep: bool) -> Choice:
    """Compile, and compare with the blocks as they are written; those come back where they are as fast."""
    step = rehearsal(job.model, job.data, job.config, job.device)
    step()
    plain = min(timed(step) for _ in range(ROUNDS))
    compile_blocks(job.model)
    began = time.perf_counter()
    try:
        beside(step, listen)
    except RuntimeError as error:  # of the compiler, in many kinds
        release_blocks(job.model)
        reason = str(error).strip().splitlines()[0]
        if keep:
            raise ConfigError(f"The model could not be compiled ({reason}): choose auto or off.") from error
        return Choice(False, f"Not compiled: the compiler failed ({reason}).")
    seconds = time.perf_counter() - began
    share = min(timed(step) for _ in range(ROUNDS)) / plain
    remember(job.config, job.device, Experience(round(seconds, 1), round(share, 3)))
    figures = f"in {seconds:.0f} s; a batch takes {share:.0%} of its time before"
    if keep or share < WORTH_IT:
        return Choice(True, f"Compiled {figures}.")
    release_blocks(job.model)
    return Choice(False, f"Not compiled: tried {figures}.")


def known(config: RunConfig, device: torch.device) -> Experience | None:
    """Return what compiling this shape was like on this machine; None: it was not tried."""
    found = _all().get(_key(config, device))
    return None if found is None else Experience(**found)


def remember(config: RunConfig, device: torch.device, experience: Experience) -> None:
    """Keep what compiling this shape was like."""
    _file().parent.mkdir(parents=True, exist_ok=True)
    write_json_atomic(_file(), _all() | {_key(config, device): dataclasses.asdict(experience)})


def _file() -> Path:
    return cache_root() / "compile.json"


def _all() -> dict[str, Any]:
    return read_json(_file()) or {}


def _key(config: RunConfig, device: torch.device) -> str:
    model = dataclasses.asdict(dataclasses.replace(config.model, n_layers=1))
    return key_of(
        {
            "model": model,
            "batch_size": config.train.batch_size,
            "device": device.type,
            "half": uses_bfloat16(device, config.train.precision),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
        }
    )
