import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from playground.accounting import count_parameters, flops_per_token
from playground.config import ModelConfig
from playground.models import Transformer
from tests.test_transformer import SHAPES, SMALL


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(str(v) for v in shape.values()))
def test_predicted_parameters_are_those_of_the_model(shape):
    config = ModelConfig(**SMALL, **shape)
    assert count_parameters(config)["total"] == sum(p.numel() for p in Transformer(config).parameters())


def test_known_sizes():
    gpt2 = ModelConfig(
        50257, 1024, 768, 12, 12, positions="learned", norm="layernorm", bias=True, tie_embeddings=True
    )
    assert count_parameters(gpt2)["total"] == 124_439_808


@pytest.mark.parametrize("activation", ["relu2", "swiglu"])
def test_predicted_flops_are_those_that_are_counted(activation):
    config = ModelConfig(**SMALL, activation=activation)
    model, tokens = Transformer(config), torch.zeros(2, 12, dtype=torch.long)
    with (
        FlopCounterMode(display=False) as forward,
        torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH),
    ):
        loss = model(tokens).sum()
    assert forward.get_total_flops() / tokens.numel() == pytest.approx(
        flops_per_token(config, backward=False), rel=0.02
    )
    with (
        FlopCounterMode(display=False) as backward,
        torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH),
    ):
        loss.backward()
    total = forward.get_total_flops() + backward.get_total_flops()
    assert total / tokens.numel() == pytest.approx(flops_per_token(config), rel=0.02)
