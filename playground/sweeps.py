"""Several runs that differ in one or two settings: made from lists of values, queued as a group."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground import runs
from playground.accounting import lstm_of_equal_size
from playground.config import ConfigError, DataConfig, RunConfig
from playground.config.run import PARTS
from playground.config_difference import config_difference, setting_words
from playground.reproduce import command_of
from playground.run_summary import RunSummary, summary_of
from playground.sources import create_run

MAX_RUNS = 36
"""Runs of one sweep."""

FOLLOW_LR = ("lr_min", "muon_lr")

Values = Mapping[str, str]
Make = Callable[[Path, str, RunConfig], Path]


@dataclass(frozen=True)
class Variant:
    """One run of a sweep that is not made yet."""

    label: str
    config: RunConfig


def parse_vary(text: str) -> tuple[str, list[str]]:
    """Return the setting and the values that NAME=VALUE,VALUE names; raises ConfigError for anything else."""
    name, equals, values = text.partition("=")
    name = name.strip().lstrip("-").replace("-", "_")
    found = [value.strip() for value in values.split(",") if value.strip()]
    if not (name and equals and found):
        raise ConfigError(f"Name a setting and its values, as lr=1e-3,3e-3, but this is {text!r}.")
    _field(name)
    return name, list(dict.fromkeys(found))


def variants(config: RunConfig, vary: Mapping[str, Sequence[str]]) -> list[Variant]:
    """Return a variant for each combination of values; raises ConfigError naming the value that can't be."""
    names = list(vary)
    number = 1
    for values in vary.values():
        number *= len(values)
    if not 1 <= number <= MAX_RUNS or not names:
        raise ConfigError(f"A sweep is of 1 to {MAX_RUNS} runs, but these values make {number:,}.")
    found = []
    for values in itertools.product(*vary.values()):
        chosen = dict(zip(names, values, strict=True))
        label = ", ".join(f"{name} {value}" for name, value in chosen.items())
        found.append(Variant(label, changed(config, chosen)))
    return found


def changed(config: RunConfig, values: Values) -> RunConfig:
    """Return a config with some settings replaced, each given as text under the name of its flag.

    With another lr, lr_min and muon_lr keep their share. A transformer that becomes an LSTM becomes the one
    with as many parameters. Raises ConfigError naming the setting and the value that can't be.
    """
    by_part: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        part, field = _field(name)
        by_part.setdefault(part, {})[name] = _parse(field, value)
    optim = by_part.get("optim", {})
    for name in FOLLOW_LR if "lr" in optim else ():
        value = getattr(config.optim, name) * optim["lr"] / config.optim.lr
        optim.setdefault(name, float(f"{value:.12g}"))
    to_lstm = by_part.get("model", {}).get("architecture") == "lstm" != config.model.architecture
    if to_lstm:
        del by_part["model"]["architecture"]
    for part, replaced in by_part.items():
        old = getattr(config, part)
        old = old.underived() if part == "model" else old
        config = dataclasses.replace(config, **{part: dataclasses.replace(old, **replaced)})
    return _as_lstm(config) if to_lstm else config


def _as_lstm(config: RunConfig) -> RunConfig:
    d_vocab = config.model.d_vocab or _vocabulary(config.data)
    sized = dataclasses.replace(config.model.underived(), d_vocab=d_vocab)
    lstm = dataclasses.replace(lstm_of_equal_size(sized).underived(), d_vocab=config.model.d_vocab)
    return dataclasses.replace(config, model=lstm)


def _vocabulary(data: DataConfig) -> int:
    """Return how many tokens a text is cut into; characters need the text itself."""
    kind, _, size = data.tokenizer.partition(":")
    if kind == "bpe":
        return int(size)
    from playground.prepare import prepare

    return prepare(data).tokenizer.d_vocab


def _field(name: str) -> tuple[str, dataclasses.Field]:
    for part, cls in PARTS.items():
        field = next((field for field in dataclasses.fields(cls) if field.name == name), None)
        if field is not None and part != "sample" and isinstance(field.default, (bool, int, float, str)):
            return part, field
    raise ConfigError(f"There is no setting {name!r} that can be varied: name one as its flag, as lr.")


def _parse(field: dataclasses.Field, value: str) -> Any:
    kind: Any = type(field.default)
    words = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
    try:
        return words[value.lower()] if kind is bool else kind(value)
    except (KeyError, ValueError):
        wanted = {"bool": "yes or no", "int": "a whole number", "float": "a number"}[kind.__name__]
        raise ConfigError(f"{field.name} must be {wanted}, but it is {value!r}.") from None


def free_group(root: Path, name: str) -> str:
    """Return a group's name that no run has yet: the name itself, or a numbered one."""
    taken = {runs.read_meta(run).group for run in runs.list_runs(root)}
    base = re.sub(r"\s+", " ", name).strip()[:50] or "sweep"
    numbers = itertools.count(2)
    found = base
    while found in taken:
        found = f"{base} {next(numbers)}"
    return found


def launch(root: Path, group: str, found: Sequence[Variant], make: Make = create_run) -> list[Path]:
    """Make a run of every variant, then put them into the queue in order; return their folders.

    `make` makes a run folder of a name and a config. What it raises leaves no run behind.
    """
    group, made = free_group(root, group), []
    try:
        for variant in found:
            config = dataclasses.replace(variant.config, command=command_of(variant.config))
            made.append(make(root, f"{group}-{variant.label}", config))
            runs.change_meta(made[-1], title=f"{group}: {variant.label}"[:120], group=group)
    except BaseException:
        for run in made:
            runs.delete_run(run)
        raise
    for run in made:
        runs.start(run)
    return made


@dataclass(frozen=True)
class GroupTable:
    """The runs of a group, and in what they differ."""

    settings: list[str]
    rows: list[tuple[RunSummary, list[str]]]
    """A run and the values of its settings, the best first."""


def group_table(root: Path, group: str) -> GroupTable:
    """Return the runs of a group; the best is the one of fewest bits per byte, else of lowest loss."""
    return table_of([summary_of(run) for run in runs.group_runs(root, group)])


def table_of(found: Sequence[RunSummary]) -> GroupTable:
    """Return some runs with the settings in which they differ, the best first, those without a loss last."""
    known = [summary for summary in found if summary.config is not None]
    differences = [
        d for d in config_difference([s.config for s in known if s.config]) if d.name not in FOLLOWING
    ]
    rows = [
        (summary, [setting_words(difference.values[i]) for difference in differences])
        for i, summary in enumerate(known)
    ]
    rows.sort(key=lambda row: _rank(row[0]))
    return GroupTable([difference.name for difference in differences], rows)


FOLLOWING = ("d_vocab", "d_mlp", "d_head", "n_kv_heads", "lr_min", "muon_lr", "prompts")
"""Settings that follow from others: a table is clearer without them."""


def _rank(summary: RunSummary) -> tuple[bool, float]:
    best = summary.bits_per_byte if summary.bits_per_byte is not None else summary.best_val_loss
    return best is None, best or 0.0
