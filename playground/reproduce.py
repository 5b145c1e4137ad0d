"""A run again: its command line, and a script that needs neither page nor run folder."""

from __future__ import annotations

import dataclasses
import shlex
from typing import Any

from playground import presets
from playground.config import ConfigError, DataConfig, ModelConfig, RunConfig
from playground.corpora import CORPORA, parse_spec

PROG = "python -m playground"

SCRIPT = '''"""Trains {title} again: run it where the package `playground` can be imported."""

import dataclasses
from pathlib import Path

import torch

from playground.calibration import choose_threads
from playground.checkpoint import save_checkpoint
from playground.config import DataConfig, ModelConfig, OptimConfig, RunConfig, SampleConfig, TrainConfig
from playground.job import build_job
from playground.prepare import prepare
from playground.pretrained.start import settle_start
from playground.training import train

config = RunConfig(
{settings}
)
config = settle_start(config)  # what a pretrained model decides, where it starts from one
prepared = prepare(config.data, Path(__file__).parent)  # a text of one's own lies beside this script
if not config.start_from:
    model = dataclasses.replace(config.model, d_vocab=prepared.tokenizer.d_vocab)
    config = dataclasses.replace(config, model=model)
job = build_job(config, prepared)
torch.set_num_threads(config.train.threads or choose_threads(job.model, job.data, config))
records = train(job.model, job.optimizer, job.data, config, job.device, job.progress, job.generator)
for record in records:
    if "val_loss" in record:
        print(f"step {{record['step']:6}}  validation loss {{record['val_loss']:.4f}}", flush=True)
save_checkpoint(job.model, job.optimizer, job.progress.step, Path(__file__).with_suffix(".checkpoint"))
'''


def command_of(config: RunConfig, text: str = "") -> str:
    """Return the command line that repeats a run: its preset, and a flag for each setting that differs.

    text: where a text of one's own lies now, if that is not where the config says. A branch is named by its
    origin, with all of the settings that a branch can change.
    """
    run, _, step = config.origin.rpartition("@")
    if run:
        begun = RunConfig(model=config.model, data=config.data)
        words = ["--from", run, "--from-step", step]
        differing = _flags(config, begun, every=("optim", "train", "sample"))
    else:
        name = config.preset if config.preset in presets.PRESETS else presets.DEFAULT_PRESET
        base = presets.preset(name).config
        words = ["--preset", name]
        differing = _flags(config, base)
        for field in ("start_from", "start_revision"):
            if getattr(config, field) != getattr(base, field):
                differing += _flag(field, getattr(config, field))
    if config.data.corpus == "text" and not run:
        words += ["--text", text or config.data.text_file]
    return f"{PROG} train {shlex.join([*words, *differing])}"


def _flags(config: RunConfig, base: RunConfig, every: tuple[str, ...] = ()) -> list[str]:
    """Return the flags for what differs from a base, and for all settings of the parts named."""
    words = []
    for part in ("model", "data", "optim", "train", "sample"):
        old, new = getattr(base, part), _loose(getattr(config, part), config)
        old = old.underived() if isinstance(old, ModelConfig) else old
        for field in dataclasses.fields(new):
            value = getattr(new, field.name)
            same = value == getattr(old, field.name) and part not in every
            same = same or (part == "model" and bool(config.start_from) and field.name != "n_ctx")
            if not same and not _follows(config, field.name):
                words += _flag(f"{'sample.' if part == 'sample' else ''}{field.name}", value)
    return words


def _loose(part: Any, config: RunConfig) -> Any:
    """Return a part of a config without what the run found out by itself."""
    if isinstance(part, ModelConfig):
        return part.underived()
    if part is config.sample and part.prompts == _usual_prompts(config.data):
        return dataclasses.replace(part, prompts=())
    return part


def _follows(config: RunConfig, name: str) -> bool:
    """Tell whether a setting follows from others: the vocabulary from the text, the corpus from --text."""
    return name in ("d_vocab", "text_file") or (name == "corpus" and config.data.corpus == "text")


def _usual_prompts(data: DataConfig) -> tuple[str, ...]:
    name = parse_spec(data.corpus)[0] if data.corpus not in ("text", "hub") else ""
    return CORPORA[name].prompts if name in CORPORA else ()


def _flag(name: str, value: Any) -> list[str]:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--{'sample.' if '.' in flag else ''}no-{flag.rpartition('.')[2]}"]
    if isinstance(value, tuple):
        return [f"--{flag}", *value]
    return [f"--{flag}={value}"]


def script_of(config: RunConfig, title: str = "a run") -> str:
    """Return a short Python script that trains the run's model again, as a library would.

    Raises ConfigError for a branch, whose first part lies in the checkpoint of another run.
    """
    if config.origin:
        raise ConfigError(f"A branch of {config.origin} can't be repeated by a script: use its command line.")
    parts = {part: _loose(getattr(config, part), config) for part in ("model", "data", "optim", "train")}
    parts["sample"] = config.sample
    lines = [f"    {name}={_call(part)}," for name, part in parts.items()]
    start = ("start_from", "start_revision") if config.start_from else ()
    lines += [f"    {name}={getattr(config, name)!r}," for name in start]
    title = title.replace("\\", "/").replace('"', "'")
    return SCRIPT.format(title=" ".join(title.split()), settings="\n".join(lines))


def _call(part: Any) -> str:
    """Return the expression that makes a part of a config: its settings that are not the usual ones."""
    values = {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}
    usual = {field.name: field.default for field in dataclasses.fields(part)}
    given = ", ".join(f"{name}={value!r}" for name, value in values.items()
                      if value != usual[name] and name != "d_vocab")  # fmt: skip
    return f"{type(part).__name__}({given})"
