"""Optimizers written out for reading, gradient clipping, cross entropy, and the optimizer of a config."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from playground.config import ConfigError, OptimConfig


class SGD(torch.optim.Optimizer):
    """Stochastic gradient descent with a learning rate of lr / sqrt(t + 1) at its t-th step from 0.

    Raises ConfigError for a negative learning rate.
    """

    def __init__(self, params: Iterable, lr: float = 1e-3) -> None:
        if lr < 0:
            raise ConfigError(f"lr must be at least 0, but it is {lr!r}.")
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move every parameter against its gradient; return the closure's loss, if there is a closure."""
        loss = _evaluate(closure)
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                t = self.state[p].get("t", 0)
                p -= group["lr"] / math.sqrt(t + 1) * p.grad
                self.state[p]["t"] = t + 1
        return loss


class AdamW(torch.optim.Optimizer):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2).

    Raises ConfigError for settings out of range.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        if lr < 0 or eps < 0 or weight_decay < 0:
            raise ConfigError(f"lr, eps and weight_decay must not be negative: {lr}, {eps}, {weight_decay}.")
        if not all(0 <= beta < 1 for beta in betas):
            raise ConfigError(f"betas must be from 0 to under 1, but they are {betas!r}.")
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move every parameter by its averaged gradient over the root of its averaged square."""
        loss = _evaluate(closure)
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._update(p, self.state[p], group)
        return loss

    def _update(self, p: Tensor, state: dict, group: dict) -> None:
        if not state:
            state.update(t=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
        state["t"] += 1
        t, m, v = state["t"], state["m"], state["v"]
        beta1, beta2 = group["betas"]
        p *= 1 - group["lr"] * group["weight_decay"]
        m.mul_(beta1).add_(p.grad, alpha=1 - beta1)
        v.mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
        # m and v begin at zero: dividing by 1 - beta^t takes that bias out.
        step_size = group["lr"] / (1 - beta1**t)
        p -= step_size * m / ((v / (1 - beta2**t)).sqrt() + group["eps"])


def _evaluate(closure: Callable[[], float] | None) -> float | None:
    if closure is None:
        return None
    with torch.enable_grad():
        return closure()


@torch.no_grad()
def clip_gradients(
    parameters: Iterable[nn.Parameter], max_norm: float, eps: float = 1e-6
) -> Float[Tensor, ""]:
    """Scale all gradients in place so that their joint length is at most max_norm.

    Returns the length before. Parameters without a gradient are skipped.
    """
    grads = [p.grad for p in parameters if p.grad is not None]
    if not grads:
        return torch.zeros(())
    norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(grads)))
    if norm > max_norm:
        torch._foreach_mul_(grads, max_norm / (norm + eps))
    return norm


def cross_entropy(
    logits: Float[Tensor, "*batch d_vocab"], targets: Int[Tensor, "*batch"]
) -> Float[Tensor, ""]:
    """Return the mean of -ln softmax(logits)[target], in nats.

    The largest logit is taken out first, so that logits of 1,000 do not overflow.
    """
    shifted = logits - logits.amax(dim=-1, keepdim=True)
    chosen = shifted.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return (shifted.exp().sum(dim=-1).log() - chosen).mean()


def build_optimizer(model: nn.Module, config: OptimConfig) -> torch.optim.Optimizer:
    """Return the configured optimizer; only tensors of two or more dimensions are decayed."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    if config.optimizer == "sgd":
        return SGD(parameters, lr=config.lr)
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    betas = (config.beta1, config.beta2)
    if config.optimizer == "adamw_plain":
        return AdamW(groups, lr=config.lr, betas=betas, eps=config.eps)
    return torch.optim.AdamW(groups, lr=config.lr, betas=betas, eps=config.eps, fused=True)
