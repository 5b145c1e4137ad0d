"""A run in a few figures, as a list of runs shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from playground import runs
from playground.accounting import count_parameters
from playground.config import ConfigError, RunConfig
from playground.files import is_number, read_json


@dataclass(frozen=True)
class RunSummary:
    """What can be said of a run in one line."""

    name: str
    meta: runs.Meta
    state: str
    reason: str
    created: float
    """Seconds since the epoch."""
    step: int
    total_steps: int
    best_val_loss: float | None
    """Nats per token."""
    bits_per_byte: float | None
    """Of the best validation loss; compares across tokenizers."""
    above_ngram: float | None
    """Nats per token that the best validation loss is above the best n-gram; under 0: it beats them all."""
    tokens_per_s: float | None
    """At present, or once it has ended on average, evaluations included."""
    elapsed_s: float | None
    parameters: int | None
    config: RunConfig | None
    """None where config.json can't be read."""
    text: str = ""
    """What of the text is not learned as it is, in sentences."""

    @property
    def title(self) -> str:
        """Its title, or the name of its folder."""
        return self.meta.title or self.name


def summary_of(run: Path) -> RunSummary:
    """Return the figures of a run; what is not known, or is no number, is None."""
    status, baselines = runs.status(run), read_json(run / "baselines.json") or {}
    config = config_of(run)
    best = _number(status, "best_val_loss")
    bytes_per_token, ngram = _number(baselines, "bytes_per_token"), _best_ngram(baselines)
    return RunSummary(
        name=run.name,
        meta=runs.read_meta(run),
        state=str(status.get("state", "")),
        reason=str(status.get("reason") or ""),
        created=_number(status, "created") or 0.0,
        step=int(_number(status, "step") or 0),
        total_steps=int(_number(status, "total_steps") or (config.train.steps if config else 0)),
        best_val_loss=best,
        bits_per_byte=best / math.log(2) / bytes_per_token if best is not None and bytes_per_token else None,
        above_ngram=best - ngram if best is not None and ngram is not None else None,
        tokens_per_s=_speed(status, config),
        elapsed_s=_number(status, "elapsed_s"),
        parameters=count_parameters(config.model)["total"] if config and config.model.d_vocab else None,
        config=config,
        text=str(status.get("text") or ""),
    )


def _speed(status: dict[str, Any], config: RunConfig | None) -> float | None:
    """Return the tokens a second: of a run that has ended the mean, else those of its last step."""
    step, elapsed = _number(status, "step"), _number(status, "elapsed_s")
    if status.get("state") in runs.ACTIVE or config is None or not step or not elapsed:
        return _number(status, "tokens_per_s")
    train = config.train
    return step * train.batch_size * train.accumulate * config.model.n_ctx / elapsed


def _number(values: dict[str, Any], name: str) -> float | None:
    value = values.get(name)
    return value if is_figure(value) else None


def is_figure(value: Any) -> bool:
    """Tell whether a value from a file is a number of a size that a run can have."""
    return is_number(value) and abs(value) < LARGEST


LARGEST = 1e15


def _best_ngram(baselines: dict[str, Any]) -> float | None:
    held_out = baselines.get("held_out")
    losses = [value for value in held_out.values() if is_figure(value)] if isinstance(held_out, dict) else []
    return min(losses, default=None)


def config_of(run: Path) -> RunConfig | None:
    """Return the config of a run, or None if it can't be read."""
    try:
        return _parsed(run / "config.json", (run / "config.json").stat().st_mtime_ns)
    except (OSError, ConfigError):
        return None


@lru_cache(maxsize=512)
def _parsed(path: Path, changed_ns: int) -> RunConfig:
    return RunConfig.from_json(path.read_text(encoding="utf-8"))
