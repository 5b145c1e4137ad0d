"""The run folder that the flags of `train` mean: a new one, one to go on with, or a branch of another."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Sequence
from pathlib import Path

from playground import presets, runs
from playground.cli.arguments import PROG, TrainArgs, UsageError, parse, with_source
from playground.config import RunConfig

LONGER = ("steps", "patience", "processes")
"""Settings of train that may change when a run is resumed."""


def train_args(argv: Sequence[str], command: str) -> TrainArgs:
    """Read the flags over their defaults: those of the run to go on from or with, else of the preset."""
    source = flag_value(argv, "--from") or (flag_value(argv, "--run") if "--resume" in argv else "")
    folder = find_run(source) if flag_value(argv, "--from") else Path(source)
    if source and (folder / "config.json").is_file():
        config, name = config_of(folder), ""
        model = config.model
    else:
        name = flag_value(argv, "--preset") or presets.DEFAULT_PRESET
        config = presets.preset(name).config
        model = config.model.underived()
    parts = {"data": config.data, "optim": config.optim, "train": config.train, "sample": config.sample}
    start = {"start_from": config.start_from, "start_revision": config.start_revision}
    begun = TrainArgs(model=model, preset=name or config.preset, **parts, **start)
    return parse(TrainArgs, argv, command, begun)


def flag_value(argv: Sequence[str], flag: str) -> str:
    """Return what stands after a flag, before all flags are read."""
    for i, word in enumerate(argv):
        if word == flag and i + 1 < len(argv):
            return argv[i + 1]
        if word.startswith(flag + "="):
            return word.split("=", 1)[1]
    return ""


def find_run(name: str) -> Path:
    """Return the folder of a run, by its path or its name."""
    return Path(name) if (Path(name) / "config.json").is_file() else runs.find(runs.runs_root(), name)


def config_of(folder: Path) -> RunConfig:
    """Return the config of a run folder."""
    return RunConfig.from_json((folder / "config.json").read_text(encoding="utf-8"))


def run_folder(args: TrainArgs, argv: Sequence[str]) -> Path:
    """Return the folder to train in: one that has a config, a branch of another run, or a new one."""
    folder = Path(args.run)
    if args.run and (folder / "config.json").is_file():
        return _known_folder(folder, args, argv)
    if args.resume:
        raise UsageError(f"There is nothing to resume: {args.run or 'no run'} has no config.json.")
    if args.source:
        return _branch(args, argv)
    return _new_folder(args, argv)


def _known_folder(folder: Path, args: TrainArgs, argv: Sequence[str]) -> Path:
    """Go by the config that is there; only how long a run goes on may change, when it is resumed."""
    allowed = {"--run", "--resume"} | ({f"--{name}" for name in LONGER} if args.resume else set())
    extra = [word for word in argv if word.startswith("--") and word.split("=")[0] not in allowed]
    if extra:
        raise UsageError(
            f"{folder} has its config already, so {extra[0]} can't be changed: name a new folder, "
            "or branch with --from."
        )
    if args.resume and args.train != config_of(folder).train:
        runs.change_length(folder, args.train.steps, args.train.patience, args.train.processes)
    return folder


def _branch(args: TrainArgs, argv: Sequence[str]) -> Path:
    source = find_run(args.source)
    config = config_of(source)
    if (args.model, args.data, args.text) != (config.model, config.data, ""):
        raise UsageError(
            f"A branch goes on with the model and the text of {source.name}: only settings of the optimizer, "
            "of training and of samples can be changed."
        )
    step = args.from_step if args.from_step >= 0 else max(runs.checkpoints(source), default=0)
    config = dataclasses.replace(
        config,
        optim=args.optim,
        train=args.train,
        sample=args.sample,
        command=f"{PROG} train {shlex.join(argv)}",
    )
    folder = Path(args.run or runs.runs_root() / f"{source.name}-from-{step}")
    root = folder.resolve().parent
    return runs.branch(source, step, folder.name, config_json=config.to_json(), root=root)


def _new_folder(args: TrainArgs, argv: Sequence[str]) -> Path:
    from playground.sources import create_run

    config = new_config(args, f"{PROG} train {shlex.join(argv)}")
    root = Path(args.run).resolve().parent if args.run else runs.runs_root()
    return create_run(root, Path(args.run).name if args.run else "", config)


def new_config(args: TrainArgs, command: str) -> RunConfig:
    """Return the config that the flags of a new run mean."""
    return RunConfig(
        model=args.model,
        data=with_source(args.data, args.text),
        optim=args.optim,
        train=args.train,
        sample=args.sample,
        preset=args.preset,
        command=command,
        start_from=args.start_from,
        start_revision=args.start_revision,
    )
