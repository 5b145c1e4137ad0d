"""The playground's training step on its own, to be measured."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground.config import RunConfig
    from playground.config.train import Precision
    from playground.training import Data


class OwnLoop:
    """A run's model and optimizer, moved by its training step: no files, no records."""

    def __init__(self, config: RunConfig, data: Data) -> None:
        import torch

        from playground.models import build_model
        from playground.optim import build_optimizer

        torch.manual_seed(0)
        self.config, self.data, self.device = config, data, torch.device("cpu")
        self.model = build_model(config.model)
        if config.train.lora_rank:
            from playground.lora import add_adapters

            add_adapters(self.model, config)
        self.optimizer = build_optimizer(self.model, config.optim, config.train.precision)
        self.generator = torch.Generator().manual_seed(0)
        self.rows = data.rows("train", config.model.n_ctx)
        self.n_steps = 0

    def step(self) -> None:
        """Learn from one batch, at the learning rate of the schedule."""
        from playground.schedules import lr_at
        from playground.training import train_step

        lr = lr_at(self.n_steps, self.config.optim, self.config.train.steps)
        train_step(self.model, self.optimizer, self.rows, self.config, self.device, self.generator, lr)
        self.n_steps += 1

    def set_threads(self) -> int:
        """Set the CPU threads that a run of this would choose here, and return how many."""
        import torch

        from playground.calibration import choose_threads

        threads = choose_threads(self.model, self.data, self.config)
        torch.set_num_threads(threads)
        return threads

    def validation_loss(self) -> float:
        """Return the loss on the whole validation split, in nats per token."""
        from playground.training import evaluate

        settings = dataclasses.replace(self.config.train, batch_size=64)
        config = dataclasses.replace(self.config, train=settings)
        return evaluate(self.model, self.data, config, self.device, whole=True)["val_loss"]


def with_precision(config: RunConfig, precision: Precision) -> RunConfig:
    """Return the config with another precision."""
    return dataclasses.replace(config, train=dataclasses.replace(config.train, precision=precision))
