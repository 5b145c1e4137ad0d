"""The command `lr-range`: which learning rate suits a model and its text."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from playground import presets
from playground.cli.arguments import LrRangeArgs, UsageError, parse, with_source
from playground.cli.run_folders import config_of, find_run, flag_value
from playground.config import RunConfig

if TYPE_CHECKING:
    from playground.job import Job

LINES = 20
"""Steps that are printed, of all that are made."""


def find_rate(argv: Sequence[str]) -> int:
    """Find a learning rate by a few hundred steps at rising rates."""
    args, folder = _arguments(argv)
    if not 0 < args.lowest < args.highest < math.inf or args.trials < 20:
        raise UsageError("--lowest must be over 0 and under --highest, and --trials at least 20.")
    from playground.lr_range import as_dict, judge, lr_range

    job, trials = _job(args, folder), []
    for trial in lr_range(job, args.lowest, args.highest, args.trials):
        trials.append(trial)
        if args.json:
            print(json.dumps(as_dict(trial)), flush=True)
        elif trial.step % max(1, args.trials // LINES) == 0:
            print(f"rate {trial.lr:9.2g}   loss {trial.loss:7.3f}   smoothed {trial.smoothed:7.3f}")
    found = judge(trials, args.trials)
    print(json.dumps(as_dict(found)) if args.json else found.why)
    return 0


def _arguments(argv: Sequence[str]) -> tuple[LrRangeArgs, Path | None]:
    """Return the flags over their defaults, and the folder of the run that is meant, if one is."""
    name = flag_value(argv, "--run")
    folder = find_run(name) if name else None
    preset = flag_value(argv, "--preset") or presets.DEFAULT_PRESET
    base = config_of(folder) if folder else presets.preset(preset).config
    parts = {"data": base.data, "optim": base.optim, "train": base.train}
    default = LrRangeArgs(model=base.model.underived(), preset=base.preset, run=name, **parts)
    return parse(LrRangeArgs, argv, "lr-range", default), folder


def _job(args: LrRangeArgs, folder: Path | None) -> Job:
    import torch

    from playground.calibration import choose_threads
    from playground.cli.progress import progress_bar
    from playground.job import build_job
    from playground.prepare import prepare

    data = args.data if folder else with_source(args.data, args.text)
    with progress_bar() as report:
        prepared = prepare(data, folder, report)
    model = dataclasses.replace(args.model, d_vocab=prepared.tokenizer.d_vocab)
    job = build_job(RunConfig(model=model, data=data, optim=args.optim, train=args.train), prepared)
    if job.device.type == "cpu":
        torch.set_num_threads(args.train.threads or choose_threads(job.model, job.data, job.config))
    return job
