"""The settings of a run: frozen dataclasses, checked when made, to and from JSON.

A RunConfig is complete: with the code of the same version it alone reproduces the run.
"""

from playground.config.checks import ConfigError
from playground.config.data import DataConfig
from playground.config.model import ModelConfig
from playground.config.optim import OptimConfig
from playground.config.run import RunConfig
from playground.config.sample import SampleConfig
from playground.config.train import TrainConfig

__all__ = [
    "ConfigError",
    "DataConfig",
    "ModelConfig",
    "OptimConfig",
    "RunConfig",
    "SampleConfig",
    "TrainConfig",
]
