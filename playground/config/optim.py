"""How the weights move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from playground.config.checks import check_at_least, check_choices, require

Optimizer = Literal["adamw", "muon", "adamw_plain", "sgd"]
Schedule = Literal["cosine", "linear", "wsd", "constant"]


@dataclass(frozen=True)
class OptimConfig:
    """How the weights move."""

    optimizer: Optimizer = "adamw"
    """adamw: the library's; muon: Muon for the matrices of the blocks, AdamW for the rest; adamw_plain, sgd:
    written out in playground/optim.py."""
    lr: float = 6e-3
    """Highest learning rate, reached at the end of the warmup."""
    muon_lr: float = 0.04
    """Muon: highest learning rate of the matrices of the blocks; it rises and falls in step with lr."""
    momentum: float = 0.95
    """Muon: memory of the gradient."""
    lr_min: float = 6e-4
    """Learning rate at the end of the schedule."""
    schedule: Schedule = "cosine"
    """Shape of the learning rate over the run."""
    warmup_steps: int = 30
    """Steps in which the learning rate rises from 0 to lr."""
    weight_decay: float = 0.1
    """Decay of tensors of two or more dimensions; biases and norms are never decayed."""
    beta1: float = 0.9
    """AdamW: memory of the gradient."""
    beta2: float = 0.99
    """AdamW: memory of the squared gradient."""
    eps: float = 1e-8
    """AdamW: smallest denominator."""
    max_grad_norm: float = 1.0
    """Gradients longer than this are scaled down to it; 0: never."""

    def __post_init__(self) -> None:
        check_choices(self)
        check_at_least(
            self, 0, "lr", "lr_min", "warmup_steps", "weight_decay", "eps", "max_grad_norm", "muon_lr"
        )
        require(self.lr > 0, f"lr must be over 0, but it is {self.lr!r}.")
        require(self.lr_min <= self.lr, f"lr_min ({self.lr_min:g}) must not exceed lr ({self.lr:g}).")
        for name in ("beta1", "beta2", "momentum"):
            value = getattr(self, name)
            require(0 <= value < 1, f"{name} must be from 0 to under 1, but it is {value!r}.")
