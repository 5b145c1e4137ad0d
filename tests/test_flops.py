import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from playground.accounting import count_parameters, flops_per_step, flops_per_token
from playground.accounting.flops import optimizer_flops
from playground.config import ModelConfig, OptimConfig, RunConfig, TrainConfig
from playground.models import build_model
from tests.test_transformer import SMALL

LSTM = {**SMALL, "architecture": "lstm"}


@pytest.mark.parametrize(
    "shape",
    [
        {**SMALL, "activation": "relu2"},
        {**SMALL, "activation": "swiglu", "n_kv_heads": 1, "d_head": 6},
        {**LSTM, "n_ctx": 64},
        {**LSTM, "n_ctx": 64, "bias": True, "tie_embeddings": True},
    ],
)
def test_predicted_flops_are_those_that_are_counted(shape):
    config = ModelConfig(**shape)
    model, tokens = build_model(config).double(), torch.zeros(2, config.n_ctx, dtype=torch.long)
    with FlopCounterMode(display=False) as forward, sdpa_kernel(SDPBackend.MATH):
        loss = model(tokens).sum()
    assert forward.get_total_flops() / tokens.numel() == pytest.approx(
        flops_per_token(config, backward=False), rel=0.02
    )
    with FlopCounterMode(display=False) as backward, sdpa_kernel(SDPBackend.MATH):
        loss.backward()
    total = forward.get_total_flops() + backward.get_total_flops()
    assert total / tokens.numel() == pytest.approx(flops_per_token(config), rel=0.02)


def test_the_flops_of_a_step_count_all_its_batches():
    config = RunConfig(
        model=ModelConfig(**SMALL), optim=OptimConfig(), train=TrainConfig(batch_size=3, accumulate=5)
    )
    flops = flops_per_step(config)
    assert flops["forward"] + flops["backward"] == 15 * 12 * flops_per_token(config.model)
    assert flops["total"] == sum(count for part, count in flops.items() if part != "total")


def test_muons_flops_are_mostly_those_of_its_products():
    model = ModelConfig(d_vocab=8, n_ctx=8, d_model=64, n_heads=4, n_layers=1)
    products = 5 * (4 * 6 * 64**3 + 2 * (4 * 4 * 64**3 + 2 * 64**3))
    extra = optimizer_flops(model, OptimConfig(optimizer="muon")) - products
    assert 0 < extra < 20 * count_parameters(model)["total"]
