import copy
import io

import numpy as np
import pytest
import torch
from torch import nn

from playground import devices
from playground.bench.own_loop import OwnLoop
from playground.checkpoint import load_checkpoint, save_checkpoint
from playground.config import ConfigError, ModelConfig, OptimConfig, RunConfig, TrainConfig
from playground.models import LSTM, Transformer
from playground.muon import Muon, orthogonal
from playground.optim import build_optimizer, set_learning_rate
from playground.training import Data

SHAPES = [(6, 6), (6, 6), (4, 9), (9, 4), (9, 4), (1, 5)]


def matrices(dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=generator, dtype=dtype)) for shape in SHAPES]


def give_gradients(parameters, seed):
    generator = torch.Generator().manual_seed(seed)
    for p in parameters:
        p.grad = torch.randn(p.shape, generator=generator, dtype=p.dtype)


def test_muon_equals_the_library_to_rounding(monkeypatch):
    """The library rounds to bfloat16 whatever it is given: kept from that, both compute in float64."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda self: self)
    results = []
    for kind in (Muon, torch.optim.Muon):
        parameters = matrices()
        optimizer = kind(parameters, lr=0.04, momentum=0.9, weight_decay=0.1)
        for step in range(30):
            give_gradients(parameters, step)
            optimizer.step()
        results.append(parameters)
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-8, rtol=0)


def test_muon_in_float32_equals_the_library_to_bfloat16():
    results = []
    for kind in (Muon, torch.optim.Muon):
        parameters = matrices(torch.float32)
        give_gradients(parameters, 1)
        kind(parameters, lr=1.0, momentum=0.9, weight_decay=0.0).step()
        results.append(parameters)
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, atol=0.03, rtol=0)


def test_singular_values_are_brought_near_one_and_their_directions_kept():
    x = torch.randn(3, 8, 20, dtype=torch.float64)
    u, _, vh = torch.linalg.svd(x, full_matrices=False)
    inner = u.mT @ orthogonal(x) @ vh.mT
    values = inner.diagonal(dim1=1, dim2=2)
    torch.testing.assert_close(inner, torch.diag_embed(values), atol=1e-8, rtol=0)
    assert values.min() > 0.6
    assert values.max() < 1.25


def test_stacked_matrices_move_like_matrices_apart():
    q, k, v = (torch.randn(rows, 6, dtype=torch.float64) for rows in (6, 2, 2))
    together, apart = nn.Parameter(torch.cat((q, k, v))), [nn.Parameter(m.clone()) for m in (q, k, v)]
    together.grad = torch.randn_like(together)
    for p, grad in zip(apart, together.grad.split((6, 2, 2)), strict=True):
        p.grad = grad.clone()
    Muon([{"params": [together], "rows": [6, 2, 2]}], lr=0.1).step()
    Muon(apart, lr=0.1).step()
    torch.testing.assert_close(together.detach(), torch.cat([p.detach() for p in apart]), atol=1e-12, rtol=0)


def test_parameters_without_gradient_stay():
    p = nn.Parameter(torch.ones(2, 2))
    Muon([p], lr=1.0, weight_decay=0.5).step()
    assert torch.equal(p, torch.ones(2, 2))


@pytest.mark.parametrize("bad", [{"lr": -1.0}, {"momentum": 1.0}, {"weight_decay": -0.1}])
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(ConfigError):
        Muon(matrices(), **bad)
    with pytest.raises(ConfigError, match=r"shape \(3,\)"):
        Muon([nn.Parameter(torch.zeros(3))])


CONFIG = ModelConfig(d_vocab=11, n_ctx=8, d_model=16, n_heads=4, n_kv_heads=2, n_layers=2)
MUON = OptimConfig(optimizer="muon", lr=0.02, lr_min=0.0, muon_lr=0.04, weight_decay=0.1)


def learn(model, optimizer, steps, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        tokens = torch.randint(11, (3, 9), generator=generator)
        logits = model(tokens[:, :-1])
        nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()).backward()
        optimizer.step()
        optimizer.zero_grad()


def test_the_matrices_of_the_blocks_get_muon_and_all_else_adamw():
    model = Transformer(CONFIG)
    optimizer = build_optimizer(model, MUON)
    names = {id(p): name for name, p in model.named_parameters()}
    with_rows = {
        tuple(g["rows"]): {names[id(p)] for p in g["params"]} for g in optimizer.param_groups if "rows" in g
    }
    assert with_rows[16, 8, 8] == {"blocks.0.attention.qkv.weight", "blocks.1.attention.qkv.weight"}
    of_muon = set().union(*with_rows.values())
    assert of_muon == {n for n, p in model.named_parameters() if n.startswith("blocks") and p.dim() == 2}
    rest = [names[id(p)] for g in optimizer.param_groups if "rows" not in g for p in g["params"]]
    assert sorted([*of_muon, *rest]) == sorted(names.values())


def test_the_gates_of_an_lstm_are_matrices_apart():
    optimizer = build_optimizer(LSTM(ModelConfig(architecture="lstm", d_vocab=11, d_model=16)), MUON)
    assert optimizer.param_groups[0]["rows"] == [16, 16, 16, 16]


def test_both_learning_rates_rise_and_fall_together():
    optimizer = build_optimizer(Transformer(CONFIG), MUON)
    set_learning_rate(optimizer, 0.005)
    assert {("rows" in g, g["lr"]) for g in optimizer.param_groups} == {(True, 0.01), (False, 0.005)}


def test_a_checkpoint_goes_on_bit_for_bit():
    torch.manual_seed(0)
    model = Transformer(CONFIG)
    optimizer = build_optimizer(model, MUON)
    learn(model, optimizer, 3)
    file = io.BytesIO()
    save_checkpoint(model, optimizer, 3, file)
    file.seek(0)
    other = Transformer(CONFIG)
    resumed = build_optimizer(other, MUON)
    assert load_checkpoint(file, other, resumed) == 3
    for each in ((model, optimizer), (other, resumed)):
        learn(*each, 3, seed=1)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(p, q)


def test_after_a_few_steps_every_parameter_has_moved():
    torch.manual_seed(0)
    model = Transformer(CONFIG)
    before = copy.deepcopy(model)
    learn(model, build_optimizer(model, MUON), 4)
    for (name, p), q in zip(model.named_parameters(), before.parameters(), strict=True):
        assert not torch.equal(p, q), name


def test_in_float32_a_batch_in_parts_gives_the_same_losses(monkeypatch):
    """As processes that share a batch do: only sums are in another order."""
    monkeypatch.setattr(devices, "has_fast_bfloat16", lambda device: True)
    text, found = np.random.default_rng(0).integers(11, size=2000), []
    for parts in (1, 2):
        train = TrainConfig(batch_size=8 // parts, accumulate=parts, precision="float32", steps=40)
        config = RunConfig(model=CONFIG, optim=MUON, train=train)
        loop = OwnLoop(config, Data(text, text, 1.0))
        for _ in range(20):
            loop.step()
        found.append(loop.validation_loss())
    assert found[0] == pytest.approx(found[1], abs=1e-5)
