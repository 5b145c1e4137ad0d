import pytest

from playground.accounting import count_parameters
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
