"""Causal attention in bfloat16 on the CPU, where PyTorch's own takes three to six times as long to learn."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

LONGEST = 512
"""Up to here the weights of all pairs of positions are kept; beyond, they would take too much memory."""


def attend(
    q: Float[Tensor, "batch head pos d_head"],
    k: Float[Tensor, "batch kv_head end d_head"],
    v: Float[Tensor, "batch kv_head end d_head"],
    *,
    attn_mask: Tensor | None,
    is_causal: bool,
    dropout_p: float,
    enable_gqa: bool,
) -> Float[Tensor, "batch head pos d_head"]:
    """Return what PyTorch's scaled_dot_product_attention does, by the fastest way."""
    plain = is_causal and not dropout_p and not enable_gqa and q.shape[2] == k.shape[2] <= LONGEST
    if plain and q.device.type == "cpu" and q.requires_grad and torch.is_autocast_enabled("cpu"):
        dtype = torch.get_autocast_dtype("cpu")
        rows = (x.to(dtype).flatten(0, 1) for x in (q, k, v))
        return CausalAttention.apply(*rows).view(q.shape)
    return F.scaled_dot_product_attention(
        q, k, v, attn_mask=attn_mask, is_causal=is_causal, dropout_p=dropout_p, enable_gqa=enable_gqa
    )


class CausalAttention(torch.autograd.Function):
    """softmax(q kᵀ / √d_head, over the past) v, keeping the softmax for the backward pass."""

    @staticmethod
    def forward(
        ctx,
        q: Float[Tensor, "batch pos d_head"],
        k: Float[Tensor, "batch pos d_head"],
        v: Float[Tensor, "batch pos d_head"],
    ) -> Float[Tensor, "batch pos d_head"]:
        """Return the mixed values, all heads of all rows in one batch."""
        future = q.new_full((q.shape[1], q.shape[1]), float("-inf")).triu(1)
        weights = torch.baddbmm(future, q, k.mT, alpha=q.shape[-1] ** -0.5).softmax(dim=-1)
        ctx.save_for_backward(q, k, v, weights)
        return weights @ v

    @staticmethod
    def backward(ctx, *grad_outputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients of q, k and v."""
        (grad,), (q, k, v, weights) = grad_outputs, ctx.saved_tensors
        weights_grad = grad @ v.mT
        # softmax: ds = w · (dw - Σ w · dw)
        scores_grad = torch._softmax_backward_data(weights_grad, weights, -1, weights.dtype)
        scores_grad *= q.shape[-1] ** -0.5
        return scores_grad @ k, scores_grad.mT @ q, weights.mT @ grad
