import dataclasses

import numpy as np
import pytest
import torch

from playground.accounting.memory import (
    FULL,
    HALF,
    LOGITS_AT_A_TIME,
    LONGEST_KEPT,
    kept_per_token,
    optimizer_bytes,
    reference_bytes,
)
from playground.accounting.parameters import matrix_shapes
from playground.config import ModelConfig, OptimConfig, RunConfig
from playground.knowledge import build_knowledge
from playground.linear_loss import CHUNK_NUMBERS
from playground.models import build_model
from playground.models.fast_attention import LONGEST
from playground.optim import build_optimizer
from tests.accounting_parts import with_vocabulary
from tests.test_transformer import SMALL


@pytest.mark.parametrize("norm", ["layernorm", "rmsnorm"])
@pytest.mark.parametrize("activation", ["gelu", "swiglu"])
@pytest.mark.parametrize("qk_norm", [False, True])
@pytest.mark.parametrize(("positions", "n_kv_heads"), [("learned", 4), ("rotary", 2)])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize("half", [False, True])
def test_what_is_kept_for_the_backward_pass(norm, activation, qk_norm, positions, n_kv_heads, dropout, half):
    shape = {"norm": norm, "activation": activation, "qk_norm": qk_norm, "dropout": dropout}
    shape |= {"positions": positions, "n_kv_heads": n_kv_heads}
    config = ModelConfig(d_vocab=50, n_ctx=32, d_model=64, n_heads=4, n_layers=2, **shape)
    assert kept(config, half) == pytest.approx(kept_per_token(config, HALF if half else FULL), rel=0.08)


@pytest.mark.parametrize(("bias", "dropout"), [(False, 0.0), (True, 0.1)])
@pytest.mark.parametrize("half", [False, True])
def test_what_an_lstm_keeps(bias, dropout, half):
    shape = {"architecture": "lstm", "bias": bias, "dropout": dropout}
    config = ModelConfig(d_vocab=50, n_ctx=32, d_model=64, n_layers=2, **shape)
    assert kept(config, half) == pytest.approx(kept_per_token(config, HALF if half else FULL), rel=0.15)


def kept(config, half, batch=4):
    """Bytes a token that autograd keeps, without the weights and their copies in bfloat16."""
    model = build_model(config).train()
    weights = {p.untyped_storage().data_ptr() for p in (*model.parameters(), *model.buffers())}
    storages = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            storages[storage.data_ptr()] = storage.nbytes()
        kept_alive.append(tensor)
        return tensor

    kept_alive = []
    tokens = torch.randint(config.d_vocab, (batch, config.n_ctx))
    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        torch.autocast("cpu", dtype=torch.bfloat16, enabled=half),
    ):
        model(tokens)
    copied = config.d_vocab * config.d_model + sum(r * c * n for r, c, n in matrix_shapes(config))
    return (sum(storages.values()) - (HALF * copied if half else 0)) / tokens.numel()


@pytest.mark.parametrize("optimizer", ["adamw", "adamw_plain", "sgd", "muon"])
@pytest.mark.parametrize("architecture", ["transformer", "lstm"])
def test_the_optimizers_state(optimizer, architecture):
    model_config = ModelConfig(**SMALL, architecture=architecture, activation="swiglu", n_kv_heads=1)
    config = RunConfig(model=model_config, optim=OptimConfig(optimizer=optimizer))
    model = build_model(model_config)
    built = build_optimizer(model, config.optim)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    built.step()
    tensors = [v for state in built.state.values() for v in state.values() if isinstance(v, torch.Tensor)]
    held = sum(t.numel() * t.element_size() for t in tensors if t.dim() > 0)
    assert optimizer_bytes(config) == held


def test_the_references_are_counted_as_they_are():
    rows = torch.arange(600).view(2, 300) % 7
    for d_vocab in (7, 20_000):
        model = dataclasses.replace(with_vocabulary("tiny", d_vocab).model, n_ctx=300)
        knowledge = build_knowledge(np.arange(5000) % 7, rows, rows, model)
        assert reference_bytes(d_vocab) == knowledge.log_probs.numel() * 4


def test_loss_and_attention_are_cut_where_it_is_counted():
    assert LOGITS_AT_A_TIME == CHUNK_NUMBERS
    assert LONGEST_KEPT == LONGEST
