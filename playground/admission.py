"""May this run be here? Settings against the limits, before a run begins, and again in its worker."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from playground import runs
from playground.accounting.parameters import count_parameters
from playground.config import ConfigError, DataConfig, RunConfig
from playground.files import is_number, read_json
from playground.limits import LimitError, Limits, limits, way_out

MOST_PROMPTS, MOST_LAYERS = 16, 64
KNOWN_VOCABULARIES = {"gpt2": 50_257, "byte": 256}
LARGEST_BPE = 32_768


def check_run(run: Path) -> None:
    """Raise LimitError if a run's settings, or the seconds that it has trained, are over the limits."""
    bounds = limits()
    if not bounds.hold:
        return
    check_settings((run / "config.json").read_text(encoding="utf-8"))
    trained: Any = (read_json(run / "status.json") or {}).get("elapsed_s")
    if bounds.run_seconds and is_number(trained) and trained >= bounds.run_seconds:
        most = f"{bounds.run_seconds:,} seconds"
        raise LimitError(f"{run.name} has trained for {most}, as long as a run may here. {way_out()}")


def check_settings(config_json: str) -> None:
    """Raise LimitError if the settings in a run's config.json are over a limit, or can't be read."""
    if not limits().hold:
        return
    try:
        config = RunConfig.from_json(config_json)
    except (ConfigError, RecursionError) as error:
        raise LimitError(f"The settings can't be read: {error}") from error
    check_config(config)


def check_config(config: RunConfig, bounds: Limits | None = None) -> None:
    """Raise LimitError naming the setting that is over a limit; where there are none, nothing is."""
    bounds = bounds or limits()
    if not bounds.hold:
        return
    if bounds.public:
        _check_machine(config)
        _check_text(config.data)
    model, train, sample = config.model, config.train, config.sample
    bounds.check("parameters", parameters_of(config), "The number of parameters")
    bounds.check("steps", train.steps)
    bounds.check("step_tokens", train.batch_size * train.accumulate * model.n_ctx, "Tokens of a step")
    bounds.check("step_tokens", train.eval_sequences * model.n_ctx, "Tokens of an evaluation")
    bounds.check("sample_tokens", sample.max_tokens * max(1, sample.beams), "max_tokens")
    for prompt in (*sample.prompts, *sample.stop):
        bounds.check("prompt_characters", len(prompt), "The length of a prompt")
    check_names(config.data, bounds)
    if config.start_from.startswith("run:"):
        _check_run_name(config.start_from.removeprefix("run:"))
    elif config.start_from:
        bounds.check_hub(config.start_from)


def _check_machine(config: RunConfig) -> None:
    """Refuse what reaches beyond a process, or takes more of the machine than its size tells."""
    train, layers, prompts = config.train, config.model.n_layers, len(config.sample.prompts)
    if layers > MOST_LAYERS or prompts > MOST_PROMPTS:
        most = f"at most {MOST_LAYERS} and {MOST_PROMPTS} here"
        raise LimitError(f"There are {layers:,} layers and {prompts:,} prompts, but {most}. {way_out()}")
    if config.model.hf_config:
        raise LimitError(f"Models of Hugging Face's own kinds are not trained here. {way_out()}")
    if train.processes > 1:
        raise LimitError(f"processes is {train.processes}, but a run has one process here. {way_out()}")
    if train.loggers:
        raise LimitError(f"loggers is {train.loggers!r}, but other dashboards are off here. {way_out()}")
    if not train.check_memory:
        raise LimitError(f"check_memory is off, but here memory is always checked. {way_out()}")


def _check_text(data: DataConfig) -> None:
    """Refuse a file outside of the run's own folder, and a vocabulary that takes long to learn."""
    named = Path(data.text_file)
    if data.corpus == "text" and (named.is_absolute() or ".." in named.parts):
        raise LimitError(f"text_file is {data.text_file!r}, but here a text lies in the run's own folder.")
    kind, _, rest = data.tokenizer.partition(":")
    if kind == "bpe" and rest.isdecimal() and int(rest) > LARGEST_BPE:
        raise LimitError(f"tokenizer is {data.tokenizer}, but at most bpe:{LARGEST_BPE} here. {way_out()}")


def check_names(data: DataConfig, bounds: Limits) -> None:
    """Raise LimitError for a dataset or tokenizer of the Hub that is not on the list, or too much of it."""
    if data.corpus == "hub":
        bounds.check_hub(data.hub)
        if bounds.public and not data.max_bytes:
            raise LimitError(f"The whole of {data.hub} is too much here: name the MB, at most. {way_out()}")
        if bounds.public:
            bounds.check("upload_megabytes", data.max_bytes / 1e6, "The dataset's MB, at most,")
    kind, _, name = data.tokenizer.partition(":")
    if kind == "hf":
        bounds.check_hub(name)
    elif kind == "run":
        _check_run_name(name)


def _check_run_name(name: str) -> None:
    """Raise LimitError for a run that is not there for whoever asks."""
    try:
        runs.find(runs.runs_root(), name.partition("@")[0])
    except runs.RunError as error:
        raise LimitError(str(error)) from error


def parameters_of(config: RunConfig) -> int:
    """Return the parameters of a model; of a vocabulary that is not known yet, what its tokenizer tells."""
    model = config.model
    if not model.d_vocab:
        kind, _, rest = config.data.tokenizer.partition(":")
        known = int(rest) if rest.isdecimal() else KNOWN_VOCABULARIES.get(kind, 1)
        model = dataclasses.replace(model, d_vocab=known)
    return count_parameters(model)["total"]
