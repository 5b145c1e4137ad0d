import pytest
import torch
from torch import nn
from torch.nn import functional as F

from playground.config import ConfigError, ModelConfig, OptimConfig
from playground.models import Transformer
from playground.optim import SGD, AdamW, build_optimizer, clip_gradients, cross_entropy


def problem(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3)).double()
    return model, torch.randn(32, 5, dtype=torch.float64), torch.randint(3, (32,))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-6)])
def test_adamw_equals_the_library_over_a_thousand_steps(dtype, tolerance):
    weights = []
    settings = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.1}
    for kind in (AdamW, torch.optim.AdamW):
        model, x, y = problem()
        model, x = model.to(dtype), x.to(dtype)
        optimizer = kind(model.parameters(), **settings)
        for _ in range(1000):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        weights.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    torch.testing.assert_close(weights[0], weights[1], atol=tolerance, rtol=0)


def test_sgd_follows_lr_over_root_t():
    w = nn.Parameter(torch.tensor([2.0], dtype=torch.float64))
    optimizer, expected = SGD([w], lr=0.1), 2.0
    for t in range(20):
        optimizer.zero_grad()
        (w**2).sum().backward()
        optimizer.step()
        expected -= 0.1 / (t + 1) ** 0.5 * 2 * expected
        assert w.item() == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("bad", [{"lr": -1.0}, {"betas": (1.0, 0.9)}, {"eps": -1e-8}, {"weight_decay": -0.1}])
def test_adamw_refuses_settings_out_of_range(bad):
    with pytest.raises(ConfigError):
        AdamW([nn.Parameter(torch.zeros(1))], **bad)


def test_clipping_scales_all_gradients_together_and_skips_none():
    a, b, frozen = (nn.Parameter(torch.zeros(3)) for _ in range(3))
    a.grad, b.grad = torch.tensor([3.0, 0, 0]), torch.tensor([0, 4.0, 0])
    assert clip_gradients([a, b, frozen], max_norm=1.0).item() == pytest.approx(5.0)
    assert torch.cat((a.grad, b.grad)).norm().item() == pytest.approx(1.0, abs=1e-5)
    assert (a.grad[0] / b.grad[1]).item() == pytest.approx(0.75)
    before = a.grad.clone()
    clip_gradients([a, b], max_norm=10.0)
    assert torch.equal(a.grad, before)
    assert clip_gradients([frozen], 1.0).item() == 0
    assert frozen.grad is None


def test_clipping_equals_the_library():
    model, x, y = problem()
    other, *_ = problem()
    for m in (model, other):
        F.cross_entropy(m(100 * x), y).backward()
    clip_gradients(model.parameters(), 0.01)
    nn.utils.clip_grad_norm_(other.parameters(), 0.01)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, atol=1e-12, rtol=1e-6)


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (2, 3, 4)])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_cross_entropy_equals_the_library_in_any_leading_shape(shape, scale):
    logits = scale * torch.randn(*shape, 11, dtype=torch.float64)
    targets = torch.randint(11, shape)
    expected = F.cross_entropy(logits.reshape(-1, 11), targets.reshape(-1))
    torch.testing.assert_close(cross_entropy(logits, targets), expected, atol=1e-10, rtol=1e-12)


@pytest.mark.parametrize("name", ["adamw", "adamw_plain"])
def test_only_matrices_are_decayed(name):
    model = Transformer(ModelConfig(d_vocab=11, n_ctx=8, d_model=16, n_heads=2, n_layers=1, bias=True))
    optimizer = build_optimizer(model, OptimConfig(optimizer=name, weight_decay=0.3))
    for group in optimizer.param_groups:
        assert all((p.dim() >= 2) == (group["weight_decay"] == 0.3) for p in group["params"])
    in_groups = sum(len(group["params"]) for group in optimizer.param_groups)
    assert in_groups == len(list(model.parameters()))
