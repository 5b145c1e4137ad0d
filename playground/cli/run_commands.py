"""Commands about runs: prepare, train, import, sample, runs, bench."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playground import runs
from playground.cli import run_book
from playground.cli.arguments import ImportArgs, RunsArgs, SampleArgs, parse
from playground.cli.run_folders import config_of, run_folder, train_args
from playground.cli.together import train_together
from playground.config import RunConfig
from playground.processes import is_started_by_torchrun


def prepare(argv: Sequence[str]) -> int:
    """Make a run folder with its tokens and baselines, without training."""
    folder = run_folder(train_args(argv, "prepare"), argv)
    from playground import prepared
    from playground.cli.progress import progress_bar
    from playground.prepare import prepare

    config = RunConfig.from_json((folder / "config.json").read_text(encoding="utf-8"))
    with progress_bar() as report:
        prepared.save_prepared(prepare(config.data, folder, report), folder)
    print(folder)
    return 0


def train(argv: Sequence[str]) -> int:
    """Train a model in a run folder."""
    if is_started_by_torchrun():
        return train_together(argv)
    args = train_args(argv, "train")
    folder = run_folder(args, argv)
    from playground import worker

    worker.refuse_if_busy(folder)
    resume, processes = args.resume or bool(args.source), config_of(folder).train.processes
    if processes > 1:
        return _launch(folder, processes, resume)
    print(f"training in {folder}", flush=True)
    return worker.work(folder, resume=resume)


def _launch(folder: Path, processes: int, resume: bool) -> int:
    """Train with several processes, and return what one would."""
    from playground import distributed

    distributed.launch(folder, processes, resume=resume)
    state = runs.status(folder)
    if state["reason"]:
        print(state["reason"])
    return {"finished": 0, "stopped": 130}.get(state["state"], 1)


def import_model(argv: Sequence[str]) -> int:
    """Open a pretrained model of Hugging Face as a run."""
    args = parse(ImportArgs, argv, "import")
    from playground.cli.progress import progress_bar
    from playground.pretrained import facts_of
    from playground.pretrained.opening import open_as_run

    print(facts_of(args.hf, args.revision).sentence, flush=True)
    if args.look:
        return 0
    root = Path(args.run).resolve().parent if args.run else runs.runs_root()
    with progress_bar(unit="B") as report:
        name = Path(args.run).name
        run = open_as_run(args.hf, root, report, revision=args.revision, n_ctx=args.n_ctx, run_name=name)
    print(run)
    return 0


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
    """List the runs; stop, pause, resume, queue, name, delete, pack or repeat one; the table of a sweep."""
    args = parse(RunsArgs, argv, "runs")
    root = runs.runs_root()
    runs.advance(root)
    if _ask(args, root) | run_book.followed(args, root):
        return 0
    rows: list[dict[str, Any]] = [{"name": run.name, **runs.status(run)} for run in runs.list_runs(root)]
    if args.json:
        print(json.dumps(rows, indent=1))
        return 0
    for row in rows:
        best = f"best validation loss {row['best_val_loss']:.3f}" if row.get("best_val_loss") else ""
        print(f"{row['name']:28} {row['state']:10} step {row['step']:6} of {row['total_steps']:6}  {best}")
    return 0


def _ask(args: RunsArgs, root: Path) -> bool:
    """Ask of runs what the flags say; tell whether there was anything."""
    wishes = {"stop": runs.stop, "pause": runs.pause, "resume": runs.resume}
    asked = {word: getattr(args, word) for word in wishes if getattr(args, word)}
    for word, name in asked.items():
        wishes[word](runs.find(root, name))
        print(f"{name} was asked to {word}.")
    if args.set_lr is not None:
        name, lr = args.set_lr
        runs.set_learning_rate(runs.find(root, name), lr)
        print(f"{name} was asked to learn at {lr:g} from its next step on.")
    return bool(asked) or args.set_lr is not None


def bench(argv: Sequence[str]) -> int:
    """Measure this machine: `bench --help` lists what."""
    from playground.bench import main as bench_main

    return bench_main(argv)
