"""A new run from a checkpoint of another: the same past, another future."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

from playground.files import read_json_lines, write_json_atomic, write_text_atomic
from playground.runs.folders import RunError, checkpoint_folder, checkpoints, create
from playground.runs.owners import require_text

RATES = ("lr", "lr_min", "muon_lr")


def branch(
    source: Path,
    step: int,
    name: str,
    *,
    config_json: str = "",
    root: Path | None = None,
    lr_factor: float = 1.0,
) -> Path:
    """Make a run that goes on from a checkpoint of another, and return its folder; `start` it with resume.

    It has the text, the tokens and the records up to that step of its source, whose name and step stand
    in its config under "origin". `config_json` replaces the settings, and `lr_factor`
    multiplies the learning rates. Raises RunError if there is no such
    checkpoint.
    """
    require_text(source)
    steps = checkpoints(source)
    if step not in steps:
        there = ", ".join(map(str, steps)) or "none"
        raise RunError(f"{source.name} has no checkpoint of step {step}: there is {there}.")
    config = json.loads(config_json or (source / "config.json").read_text(encoding="utf-8"))
    if config.get("start_from") and not (source / "tokens").is_dir():
        raise RunError(
            f"{source.name} was opened, not trained, so it can't be branched: let a run start from its model."
        )
    for rate in RATES:
        if rate in config.get("optim", {}):
            config["optim"][rate] *= lr_factor
    config["origin"] = f"{source.name}@{step}"
    run = create(root or source.parent, name, json.dumps(config, indent=2) + "\n")
    try:
        _copy_text(source, run, config)
        _copy_past(source, run, step)
        _multiply_set_rate(checkpoint_folder(run, step) / "state.json", lr_factor)
    except OSError:
        shutil.rmtree(run, ignore_errors=True)
        raise
    state = {"state": "stopped", "step": step, "latest": step, "total_steps": config["train"]["steps"]}
    reason = f"Branched from {source.name} at step {step}, not started yet."
    write_json_atomic(run / "status.json", {**state, "reason": reason, "created": time.time()})
    return run


def _copy_text(source: Path, run: Path, config: dict) -> None:
    """Copy the tokenizer, the baselines and a text of its own; tokens are linked where the disk can."""
    shutil.copytree(source / "tokenizer", run / "tokenizer")
    if (source / "tokens").is_dir():
        shutil.copytree(source / "tokens", run / "tokens", copy_function=_link_or_copy)
    for name in ("baselines.json", config.get("data", {}).get("text_file", "")):
        own = source / name
        if name and not Path(name).is_absolute() and own.is_file():
            shutil.copyfile(own, run / name)
        elif name and not Path(name).is_absolute() and own.is_dir():
            shutil.copytree(own, run / name)


def _copy_past(source: Path, run: Path, step: int) -> None:
    """Copy the checkpoint of a step, and what was recorded up to it."""
    shutil.copytree(
        checkpoint_folder(source, step), checkpoint_folder(run, step), copy_function=_link_or_copy
    )
    for name in ("metrics.jsonl", "samples.jsonl", "events.jsonl"):
        records, _ = read_json_lines(source / name)
        kept = [json.dumps(record) + "\n" for record in records if record.get("step", 0) <= step]
        write_text_atomic(run / name, "".join(kept), durable=True)
    origin = {"step": step, "event": "branched", "time": time.time(), "origin": f"{source.name}@{step}"}
    with open(run / "events.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(origin) + "\n")


def _multiply_set_rate(state_file: Path, factor: float) -> None:
    """Multiply a rate that was set by hand while the source ran: it takes the place of the schedule's."""
    state = json.loads(state_file.read_text(encoding="utf-8"))
    progress = state["extra"].get("progress") or {}
    if factor != 1.0 and progress.get("new_lr") is not None:
        progress["new_lr"] *= factor
        write_json_atomic(state_file, state)  # another file than the source's, of which it may be a link


def _link_or_copy(source: str, target: str) -> None:
    """Link a file that is never changed in place; copy it where the disk can't link."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
