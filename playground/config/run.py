"""A whole run in one config, to and from JSON."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from playground.config.checks import ConfigError, require
from playground.config.data import DataConfig
from playground.config.model import ModelConfig
from playground.config.optim import OptimConfig
from playground.config.sample import SampleConfig
from playground.config.train import TrainConfig

LOCAL = "local"
"""Stands for the commit of a pretrained model that lies in a folder."""


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides how a run turns out."""

    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    sample: SampleConfig = field(default_factory=SampleConfig)
    preset: str = ""
    """Name of the preset it began as, for display."""
    command: str = ""
    """The command line that repeats the run."""
    origin: str = ""
    """RUN@STEP, if it is a branch of another run."""
    start_from: str = ""
    """A pretrained model to start with, by its name on the Hugging Face Hub or its folder; its shape and its
    tokenizer are taken, and n_ctx may be less than its own."""
    start_revision: str = ""
    """Commit of that model; empty: the newest, which is then written into the run's config."""

    def to_json(self) -> str:
        """Return the whole config as indented JSON text."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @staticmethod
    def from_json(text: str) -> RunConfig:
        """Build a config from JSON text; raises ConfigError naming what is wrong."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise ConfigError(f"The config is not valid JSON: {error}.") from error
        return _from_dict(RunConfig, values, "config")


PARTS = {
    "model": ModelConfig,
    "data": DataConfig,
    "optim": OptimConfig,
    "train": TrainConfig,
    "sample": SampleConfig,
}


def _from_dict(cls: type, values: Any, where: str) -> Any:
    require(isinstance(values, dict), f"{where} must be a JSON object, but it is {type(values).__name__}.")
    known = {f.name for f in dataclasses.fields(cls)}
    unknown = sorted(set(values) - known)
    require(not unknown, f"{where} has an unknown setting {', '.join(unknown)}.")
    return cls(**{
        name: _from_dict(PARTS[name], value, name) if cls is RunConfig and name in PARTS
        else _checked_type(cls, name, value)
        for name, value in values.items()
    })  # fmt: skip


def _checked_type(cls: type, name: str, value: Any) -> Any:
    """Refuse a JSON value of another kind than the field's default, e.g. "12" for a number."""
    default = next(f.default for f in dataclasses.fields(cls) if f.name == name)
    kinds: dict[type, tuple[type, ...]] = {
        bool: (bool,),
        int: (int,),
        float: (int, float),
        str: (str,),
        tuple: (list, tuple),
    }
    allowed = kinds[type(default)]
    is_bool_for_number = isinstance(value, bool) and bool not in allowed
    require(
        isinstance(value, allowed) and not is_bool_for_number,
        f"{name} must be a {allowed[-1].__name__}, but it is {value!r}.",
    )
    return value
