"""Other people's dashboards, for those who have one: what a run records goes there too.

None is needed, and none is installed with the playground: the setting `loggers` names them.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from pathlib import Path

from playground.config import ConfigError, RunConfig
from playground.loggers.base import Logger

__all__ = ["Logger", "check_installed", "open_loggers"]

MODULES = {"wandb": "weights_and_biases", "trackio": "trackio_local", "tensorboard": "tensorboard_files"}


def check_installed(names: list[str]) -> None:
    """Raise ConfigError with what to install, if a library of these loggers is missing."""
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"loggers names {' and '.join(missing)}, not installed here: "
            f"pip install {' '.join(missing)}, or leave it out."
        )


def open_loggers(config: RunConfig, run: Path, step: int) -> list[Logger]:
    """Return the loggers that a config names, ready for the records after a step."""
    names = config.train.logger_names()
    check_installed(names)
    modules = [importlib.import_module(f"playground.loggers.{MODULES[name]}") for name in names]
    return [module.open_logger(config, run, step) for module in modules]
