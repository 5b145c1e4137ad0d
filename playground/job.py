"""What training needs, built from a config and a prepared text, and its state for a checkpoint."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from playground.accounting import check_fits
from playground.checkpoint import load_checkpoint
from playground.config import RunConfig
from playground.devices import free_on, pick_device, uses_bfloat16
from playground.knowledge import build_knowledge
from playground.long_documents import split_tokens
from playground.lora import adapter_scale, add_adapters
from playground.models import Model, build_model
from playground.optim import build_optimizer
from playground.prepared import Prepared
from playground.pretrained.start import start_model
from playground.progress import DivergedError, Progress, diverged
from playground.training import Data, evaluation_batches


@dataclass
class Job:
    """A model on its way: everything that decides how it goes on."""

    config: RunConfig
    data: Data
    device: torch.device
    model: Model
    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    """Of the order of the batches."""
    progress: Progress = field(default_factory=Progress)
    compiled: bool = False
    """Whether training steps go through compiled blocks."""

    def prepare_knowledge(self) -> None:
        """Have evaluations say what the model knows: counts the training text, which takes a moment."""
        batch = next(evaluation_batches(self.data, self.config, self.device))
        self.data.knowledge = build_knowledge(self.data.train, *batch, self.config.model)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs beside weights and optimizer, as JSON."""
        state = {
            "progress": {**dataclasses.asdict(self.progress), "paused_s": 0.0},
            "steps": self.config.train.steps,
            "lora_scale": adapter_scale(self.config) or None,
            "threads": torch.get_num_threads(),
            "compiled": self.compiled,
            "generator": _to_hex(self.generator.get_state()),
            "torch_generator": _to_hex(torch.get_rng_state()),
        }
        if self.device.type == "cuda":
            state["device_generator"] = _to_hex(torch.cuda.get_rng_state(self.device))
        return state

    def restore(self, folder: Path, state: dict[str, Any]) -> None:
        """Go back to a checkpoint and the state that was saved with it."""
        load_checkpoint(folder, self.model, self.optimizer)
        self.progress = Progress(**state["progress"])
        self.generator.set_state(_from_hex(state["generator"]))
        torch.set_rng_state(_from_hex(state["torch_generator"]))
        if self.device.type == "cuda" and "device_generator" in state:
            torch.cuda.set_rng_state(_from_hex(state["device_generator"]), self.device)

    def state_bytes(self) -> int:
        """Return about how large a checkpoint is."""
        optimizer = (v for s in self.optimizer.state.values() for v in s.values() if isinstance(v, Tensor))
        return sum(t.numel() * t.element_size() for t in (*self.model.parameters(), *optimizer))

    def check_weights(self) -> None:
        """Raise DivergedError if a weight is not finite: such a checkpoint would be worth nothing."""
        norms = torch._foreach_norm(list(self.model.parameters()))
        if not torch.isfinite(torch.stack(norms)).all():
            step = self.progress.step
            record = {"lr": self.progress.learning_rate(self.config)}
            raise DivergedError(diverged("the weights became infinite or nan", step, record, self.config))


def check_memory(config: RunConfig) -> None:
    """Raise ConfigError, with the change that would help, if a run can't fit into the memory that is free."""
    device = pick_device(config.train.device)
    free = free_on(device)
    if free is not None:
        check_fits(config, free, half=uses_bfloat16(device, config.train.precision))


def build_job(config: RunConfig, prepared: Prepared, *, blank: bool = False) -> Job:
    """Build data, model and optimizer of a complete config; raises ConfigError if they can't be.

    A run that starts from a pretrained model has its weights, unless `blank`: a checkpoint brings others.
    """
    data = build_data(config, prepared)
    data.check(config.model.n_ctx)
    device = pick_device(config.train.device)
    torch.manual_seed(config.train.seed)
    model = start_model(config, own=True) if config.start_from and not blank else build_model(config.model)
    model = model.to(device)
    if config.train.lora_rank:
        add_adapters(model, config)
    optimizer = build_optimizer(model, config.optim, config.train.precision)
    generator = torch.Generator().manual_seed(config.train.seed)
    return Job(config, data, device, model, optimizer, generator)


def build_data(config: RunConfig, prepared: Prepared) -> Data:
    """Return what a run learns of a prepared text; raises ConfigError if no document of it fits."""
    splits = {name: split_tokens(prepared, name, config) for name in prepared.tokens}
    starts = {name: split.starts for name, split in splits.items() if split.starts is not None}
    learned = {name: split.learned for name, split in splits.items() if split.learned is not None}
    return Data(
        splits["train"].tokens,
        splits["val"].tokens,
        prepared.bytes_per_token,
        splits["test"].tokens if "test" in splits else None,
        starts if config.data.batches == "padded" else None,
        learned or None,
    )


def _to_hex(state: Tensor) -> str:
    return bytes(state.tolist()).hex()


def _from_hex(text: str) -> Tensor:
    return torch.tensor(list(bytes.fromhex(text)), dtype=torch.uint8)
