"""The cheap operations of a block with their gradients in closed form: on a CPU, autograd's own cost more.

A small model spends half of its step outside of matrix products. Each function here equals the plain formula
in its docstring, and uses it where no gradient is taken, on a GPU, whose kernels are fused, and while a
compiler, which fuses by itself, reads the code.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from playground.models.positions import QK_EPS, rotate


def relu_squared(x: Float[Tensor, "*batch d_mlp"]) -> Float[Tensor, "*batch d_mlp"]:
    """Return relu(x)² (So et al. 2021, Primer), in the precision of x."""
    return ReluSquared.apply(x) if _pays(x) else F.relu(x).square()


def rms_norm(
    x: Float[Tensor, "*batch d_model"], weight: Float[Tensor, " d_model"], eps: float | None
) -> Float[Tensor, "*batch d_model"]:
    """Return x / √(mean x² + eps) · weight (Zhang and Sennrich 2019)."""
    if _pays(x) and x.dtype == weight.dtype and eps is not None:
        return RMSNorm.apply(x, weight, eps)
    return F.rms_norm(x, weight.shape, weight, eps)


def normalise_and_turn(
    heads: Float[Tensor, "batch head pos d_head"], turn: Float[Tensor, "2 #batch 1 pos half_head"]
) -> Float[Tensor, "batch head pos d_head"]:
    """Return rotate(rms_norm(heads), turn), in float32 or finer: QK norm and rotary positions in one."""
    if _pays(heads):
        return NormaliseAndTurn.apply(heads, turn)
    return rotate(F.rms_norm(heads, heads.shape[-1:], eps=QK_EPS), turn)


def _pays(x: Tensor) -> bool:
    return (
        x.device.type == "cpu"
        and x.requires_grad
        and torch.is_grad_enabled()
        and not torch.compiler.is_compiling()
    )


class ReluSquared(torch.autograd.Function):
    """r² for r = relu(x); its gradient is 2 r."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        """Return relu(x)², keeping relu(x)."""
        relu = F.relu(x)
        ctx.save_for_backward(relu)
        return relu * relu

    @staticmethod
    def backward(ctx, *grad_outputs: Tensor) -> Tensor:
        """Return the gradient of x."""
        (grad,), (relu,) = grad_outputs, ctx.saved_tensors
        return (grad + grad).mul_(relu)


class RMSNorm(torch.autograd.Function):
    """y = n · weight for n = x · scale and scale = 1 / √(mean x² + eps)."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        """Return y, keeping n."""
        scale = _scale(x, eps)
        n = x * scale
        ctx.save_for_backward(n, scale, weight)
        return n * weight

    @staticmethod
    def backward(ctx, *grad_outputs: Tensor) -> tuple[Tensor, Tensor, None]:
        """Return the gradients of x, scale · (g - n · mean(g · n)) for g = grad · weight, and of weight."""
        (grad,), (n, scale, weight) = grad_outputs, ctx.saved_tensors
        along = (grad * n).flatten(0, -2)
        mean = torch.mv(along, weight).div_(-len(weight)).view(scale.shape)
        return (grad * weight).addcmul_(n, mean).mul_(scale), along.sum(dim=0), None


class NormaliseAndTurn(torch.autograd.Function):
    """y = turn(n) for n = x · scale and scale = 1 / √(mean x² + eps)."""

    @staticmethod
    def forward(ctx, x: Tensor, turn: Tensor) -> Tensor:
        """Return y as one contiguous tensor, keeping x."""
        full = x.to(torch.promote_types(x.dtype, torch.float32))
        scale = _scale(full, QK_EPS)
        ctx.save_for_backward(x, scale, turn)
        y = torch.empty(full.shape, dtype=full.dtype, device=x.device)
        return _turn(full, turn[0], turn[1], y).mul_(scale)

    @staticmethod
    def backward(ctx, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        """Return scale · (g - n · mean(g · n)), where g is grad turned back."""
        (grad,), (x, scale, (cos, sin)) = grad_outputs, ctx.saved_tensors
        x = x.to(grad.dtype)
        g = _turn(grad, cos, -sin, torch.empty(grad.shape, dtype=grad.dtype, device=grad.device))
        mean = (g * x).mean(dim=-1, keepdim=True).mul_(-scale).mul_(scale)
        return g.addcmul_(x, mean).mul_(scale), None


def _scale(x: Tensor, eps: float) -> Tensor:
    """Return 1 / √(mean x² + eps) of every row."""
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return length.square_().div_(x.shape[-1]).add_(eps).rsqrt_()


def _turn(x: Tensor, cos: Tensor, sin: Tensor, out: Tensor) -> Tensor:
    """Write rotate(x) into out, and return it."""
    (first, second), (out_first, out_second) = x.chunk(2, dim=-1), out.chunk(2, dim=-1)
    torch.mul(first, cos, out=out_first).addcmul_(second, sin, value=-1)
    torch.mul(first, sin, out=out_second).addcmul_(second, cos)
    return out
