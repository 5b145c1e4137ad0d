"""The closed forms against autograd through the plain formulas, in float64."""

import pytest
import torch
from torch.nn import functional as F

from playground.config import ModelConfig
from playground.models import Transformer
from playground.models.fast_elementwise import (
    NormaliseAndTurn,
    ReluSquared,
    RMSNorm,
    normalise_and_turn,
    relu_squared,
    rms_norm,
)
from playground.models.positions import QK_EPS, rotate, rotations


def numbers(*shape, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=dtype, requires_grad=True)


def assert_equal(ours, plain, leaves):
    torch.testing.assert_close(ours, plain, atol=1e-10, rtol=0)
    grad = torch.randn_like(plain)
    found, expected = (torch.autograd.grad(out, leaves, grad) for out in (ours, plain))
    torch.testing.assert_close(found, expected, atol=1e-10, rtol=0)


def test_relu_squared():
    x = numbers(3, 5, 7)
    ours = relu_squared(x)
    assert "ReluSquared" in str(ours.grad_fn)
    assert_equal(ours, F.relu(x).square(), [x])


@pytest.mark.parametrize("shape", [(3, 5, 8), (4, 8)])
def test_rms_norm(shape):
    x, weight = numbers(*shape), numbers(8)
    ours = rms_norm(x, weight, 1e-3)
    assert "RMSNorm" in str(ours.grad_fn)
    plain = x / (x.square().mean(dim=-1, keepdim=True) + 1e-3).sqrt() * weight
    assert_equal(ours, plain, [x, weight])


def test_queries_are_normalised_and_turned_at_once():
    qkv, turn = numbers(2, 5, 3, 6), rotations(5, 6).double().unsqueeze(-3)
    heads = qkv.transpose(1, 2)  # not contiguous, as in the model
    ours = normalise_and_turn(heads, turn)
    assert "NormaliseAndTurn" in str(ours.grad_fn)
    assert_equal(ours, rotate(F.rms_norm(heads, (6,), eps=QK_EPS), turn), [qkv])


def test_each_row_may_have_positions_of_its_own():
    heads = numbers(2, 3, 4, 6)
    positions = torch.tensor([[0, 1, 2, 3], [0, 0, 0, 1]])
    turn = rotations(5, 6).double()[:, positions].unsqueeze(-3)
    assert_equal(normalise_and_turn(heads, turn), rotate(F.rms_norm(heads, (6,), eps=QK_EPS), turn), [heads])


def test_rows_of_zeros_have_finite_gradients():
    x = torch.zeros(1, 2, 3, 4, requires_grad=True)
    turn = rotations(3, 4).unsqueeze(-3)
    for out in (relu_squared(x), rms_norm(x, torch.ones(4), 1e-6), normalise_and_turn(x, turn)):
        assert torch.autograd.grad(out.sum(), x)[0].isfinite().all()


@pytest.mark.parametrize(
    ("function", "kernel", "others"),
    [
        (relu_squared, ReluSquared, ()),
        (rms_norm, RMSNorm, (torch.ones(4), 1e-6)),
        (normalise_and_turn, NormaliseAndTurn, (rotations(3, 4).unsqueeze(-3),)),
    ],
)
def test_without_a_gradient_the_plain_formula_says_the_same(function, kernel, others):
    x = numbers(1, 2, 3, 4, dtype=torch.float32)
    with torch.no_grad():
        plain = function(x, *others)
    assert plain.grad_fn is None
    torch.testing.assert_close(kernel.apply(x, *others), plain)


def turned(x):
    return normalise_and_turn(x, rotations(3, 4).unsqueeze(-3))


@pytest.mark.parametrize("function", [relu_squared, turned])
def test_bfloat16_is_rounded_once(function):
    x = numbers(1, 2, 3, 4, dtype=torch.float32).detach().bfloat16().requires_grad_()
    exact = function(x.detach().double()).float()
    torch.testing.assert_close(function(x).float(), exact, rtol=2**-8, atol=1e-6)


def test_a_whole_model_learns_as_by_the_plain_formulas(monkeypatch):
    config = ModelConfig(d_vocab=11, n_ctx=6, d_model=16, n_heads=2, n_layers=2, init="gpt2")
    torch.manual_seed(0)
    model = Transformer(config).double()
    tokens = torch.randint(11, (2, 6))
    fast = torch.autograd.grad(model(tokens).logsumexp(-1).sum(), list(model.parameters()))
    monkeypatch.setattr("playground.models.fast_elementwise._pays", lambda x: False)
    plain = torch.autograd.grad(model(tokens).logsumexp(-1).sum(), list(model.parameters()))
    torch.testing.assert_close(fast, plain, atol=1e-10, rtol=0)
