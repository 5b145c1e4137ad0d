"""Optimizers written out for reading, gradient clipping, cross entropy, and the optimizer of a config."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from playground.config import ConfigError, ModelConfig, OptimConfig
from playground.config.train import Precision
from playground.models import Model
from playground.muon import Muon


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


class Combined(torch.optim.Optimizer):
    """Several optimizers, each with its own parameters, that step, save and load as one."""

    def __init__(self, *optimizers: torch.optim.Optimizer) -> None:
        self.optimizers = optimizers
        super().__init__([group for each in optimizers for group in each.param_groups], {})
        self._share()

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Let each optimizer move its parameters; return the closure's loss, if there is a closure."""
        loss = _evaluate(closure)
        for optimizer in self.optimizers:
            optimizer.step()
        return loss

    def load_state_dict(self, state_dict: dict) -> None:
        """Load what state_dict() returned."""
        super().load_state_dict(state_dict)
        self._share()

    def _share(self) -> None:
        """Let each optimizer see its groups and its state in this one's."""
        begin = 0
        for optimizer in self.optimizers:
            end = begin + len(optimizer.param_groups)
            optimizer.param_groups, optimizer.state = self.param_groups[begin:end], self.state
            begin = end


def build_optimizer(
    model: Model, config: OptimConfig, precision: Precision = "auto"
) -> torch.optim.Optimizer:
    """Return the configured optimizer; only tensors of two or more dimensions are decayed.

    `precision` is that of Muon's products.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    if config.optimizer == "sgd":
        return SGD(parameters, lr=config.lr)
    if config.optimizer == "muon":
        return _muon_and_adamw(model, config, precision)
    return _adamw(parameters, config)


def set_learning_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Set the learning rate of every group; Muon's matrices keep their ratio to the others."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group.get("lr_scale", 1.0)


def _adamw(parameters: list[nn.Parameter], config: OptimConfig) -> torch.optim.Optimizer:
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    betas = (config.beta1, config.beta2)
    if config.optimizer == "adamw_plain":
        return AdamW(groups, lr=config.lr, betas=betas, eps=config.eps)
    return torch.optim.AdamW(groups, lr=config.lr, betas=betas, eps=config.eps, fused=True)


def _muon_and_adamw(model: Model, config: OptimConfig, precision: Precision) -> torch.optim.Optimizer:
    """Return Muon for the matrices between embedding and unembedding, and AdamW for all else."""
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    ends = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    matrices = [(n, p) for n, p in named if p.dim() == 2 and id(p) not in ends and "unembed" not in n]
    others = [p for _, p in named if all(p is not matrix for _, matrix in matrices)]
    by_rows: dict[tuple[int, ...], list[nn.Parameter]] = {}
    for name, p in matrices:
        by_rows.setdefault(_stacked_rows(model.config, name, p), []).append(p)
    scale = config.muon_lr / config.lr
    groups = [{"params": p, "rows": list(rows), "lr_scale": scale} for rows, p in by_rows.items()]
    muon = Muon(groups, config.muon_lr, config.momentum, config.weight_decay, precision)
    return Combined(muon, _adamw(others, config)) if others else muon


def _stacked_rows(config: ModelConfig, name: str, parameter: nn.Parameter) -> tuple[int, ...]:
    """Return the rows of each matrix that a parameter holds: q, k and v, or gate and up."""
    if name.endswith("attention.qkv.weight"):
        return tuple(n * config.d_head for n in (config.n_heads, config.n_kv_heads, config.n_kv_heads))
    if name.endswith("mlp.up.weight") and config.activation == "swiglu":
        return (config.d_mlp, config.d_mlp)
    if ".weight_ih" in name or ".weight_hh" in name:  # the four gates of an LSTM
        return (config.d_model,) * 4
    return (parameter.shape[0],)
