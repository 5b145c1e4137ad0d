import pytest
import torch
from torch.nn import functional as F

from playground.models.fast_attention import CausalAttention, attend

PLAIN = {"attn_mask": None, "is_causal": True, "dropout_p": 0.0, "enable_gqa": False}


def heads(dtype=torch.float64, requires_grad=True):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 2, 4, 9, 6, generator=generator, dtype=dtype)
    return [h.requires_grad_(requires_grad) for h in x.unbind()]


def test_values_and_gradients_equal_the_library():
    q, k, v = heads()
    expected = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    ours = CausalAttention.apply(*(x.flatten(0, 1) for x in (q, k, v))).view_as(q)
    torch.testing.assert_close(ours, expected, atol=1e-10, rtol=0)
    grad = torch.randn_like(q)
    for a, b in zip(*(torch.autograd.grad(out, (q, k, v), grad) for out in (ours, expected)), strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=0)


def is_own(out):
    return "View" in type(out.grad_fn).__name__ and "CausalAttention" in str(out.grad_fn.next_functions)


@pytest.mark.parametrize(
    "changed",
    [{"is_causal": False}, {"dropout_p": 0.5}, {"is_causal": False, "attn_mask": torch.ones(9, 9).bool()}],
)
def test_only_plain_causal_learning_in_bfloat16_takes_its_own_way(changed):
    q, k, v = heads(torch.float32)
    assert not is_own(attend(q, k, v, **PLAIN))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert is_own(attend(q, k, v, **PLAIN))
        assert not is_own(attend(q, k, v, **PLAIN | changed))
        assert attend(*heads(torch.float32, requires_grad=False), **PLAIN).grad_fn is None


def test_in_bfloat16_it_is_as_near_to_the_exact_result_as_the_library():
    q, k, v = heads(torch.float32)
    exact = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours, theirs = attend(q, k, v, **PLAIN), F.scaled_dot_product_attention(q, k, v, is_causal=True)
    assert (ours - exact).abs().max() <= 2 * (theirs - exact).abs().max()
