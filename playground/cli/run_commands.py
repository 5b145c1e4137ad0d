"""Commands about runs: prepare, estimate, train, sample, runs, bench."""

from __future__ import annotations

import dataclasses
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playground import presets, runs
from playground.cli.arguments import PROG, RunsArgs, SampleArgs, TrainArgs, UsageError, parse, with_source
from playground.config import RunConfig


def prepare(argv: Sequence[str]) -> int:
    """Make a run folder with its tokens and baselines, without training."""
    folder = _run_folder(_train_args(argv, "prepare"), argv)
    from playground import prepared
    from playground.cli.progress import progress_bar
    from playground.prepare import prepare

    config = RunConfig.from_json((folder / "config.json").read_text(encoding="utf-8"))
    with progress_bar() as report:
        prepared.save_prepared(prepare(config.data, folder, report), folder)
    print(folder)
    return 0


def estimate(argv: Sequence[str]) -> int:
    """Print the parameters and FLOPs of a model, by part."""
    args = _train_args(argv, "estimate")
    from playground.accounting import count_parameters, flops_per_token

    model = args.model
    if model.d_vocab == 0:
        from playground import prepare as preparing

        model = dataclasses.replace(
            model, d_vocab=preparing.prepare(with_source(args.data, args.text)).tokenizer.d_vocab
        )
    for part, count in count_parameters(model).items():
        print(f"{part:12} {count:14,} parameters")
    print(f"{'training':12} {flops_per_token(model):14,} FLOPs per token")
    return 0


def train(argv: Sequence[str]) -> int:
    """Train a model in a run folder."""
    folder = _run_folder(_train_args(argv, "train"), argv)
    from playground import worker

    worker.refuse_if_busy(folder)
    print(f"training in {folder}", flush=True)
    return worker.work(folder, resume="--resume" in argv)


def _train_args(argv: Sequence[str], command: str) -> TrainArgs:
    """Read the preset first: it is the default of all other flags."""
    name = presets.DEFAULT_PRESET
    for i, word in enumerate(argv):
        if word == "--preset" and i + 1 < len(argv):
            name = argv[i + 1]
        elif word.startswith("--preset="):
            name = word.split("=", 1)[1]
    config = presets.preset(name).config
    parts = {"data": config.data, "optim": config.optim, "train": config.train, "sample": config.sample}
    return parse(TrainArgs, argv, command, TrainArgs(model=config.model.underived(), preset=name, **parts))


def _run_folder(args: TrainArgs, argv: Sequence[str]) -> Path:
    """Return the folder to train in: one that has a config, or a new one."""
    folder = Path(args.run)
    if args.run and (folder / "config.json").is_file():
        extra = [
            word for word in argv if word.startswith("--") and word.split("=")[0] not in ("--run", "--resume")
        ]
        if extra:
            raise UsageError(
                f"{folder} has its config already, so {extra[0]} can't be changed: name a new folder."
            )
        return folder
    if args.resume:
        raise UsageError(f"There is nothing to resume: {args.run or 'no run'} has no config.json.")
    from playground.sources import copy_text, held, settled, source_name

    named = settled(with_source(args.data, args.text))
    data = held(named)
    config = RunConfig(
        model=args.model,
        data=data,
        optim=args.optim,
        train=args.train,
        sample=args.sample,
        preset=args.preset,
        command=f"{PROG} train {shlex.join(argv)}",
    )
    name, root = folder.name, folder.resolve().parent
    if not args.run:
        name, root = source_name(named), runs.runs_root()
    run = runs.create(root, name, config.to_json())
    copy_text(named, data, run)
    return run


def sample(argv: Sequence[str]) -> int:
    """Write text with a trained model."""
    args = parse(SampleArgs, argv, "sample")
    folder = (
        Path(args.run)
        if (Path(args.run) / "config.json").is_file()
        else runs.find(runs.runs_root(), args.run)
    )
    from playground.completion import complete
    from playground.loading import load_run

    loaded = load_run(folder, None if args.step < 0 else args.step)
    prompt = args.prompt or loaded.config.sample.prompts[0]
    unknown = loaded.tokenizer.unknown_characters(prompt)
    if unknown:
        print(f"Left out, not in the model's alphabet: {unknown!r}", file=sys.stderr)
    print(prompt, end="", flush=True)
    tokens = loaded.tokenizer.encode(prompt)
    for piece in complete(loaded.model, loaded.tokenizer, tokens, args.settings):
        print(piece.text, end="", flush=True)
    print()
    return 0


def list_runs(argv: Sequence[str]) -> int:
    """List the runs, or stop one."""
    args = parse(RunsArgs, argv, "runs")
    root = runs.runs_root()
    if args.stop:
        runs.stop(runs.find(root, args.stop))
        print(f"{args.stop} was asked to stop.")
        return 0
    rows: list[dict[str, Any]] = [{"name": run.name, **runs.status(run)} for run in runs.list_runs(root)]
    if args.json:
        print(json.dumps(rows, indent=1))
        return 0
    for row in rows:
        best = f"best validation loss {row['best_val_loss']:.3f}" if row.get("best_val_loss") else ""
        print(f"{row['name']:28} {row['state']:10} step {row['step']:6} of {row['total_steps']:6}  {best}")
    return 0


def bench(argv: Sequence[str]) -> int:
    """Measure this machine: `bench --help` lists what."""
    from playground.bench import main as bench_main

    return bench_main(argv)
