import dataclasses

import pytest

from playground.accounting import adapter_parameters, trainable_parameters
from playground.config import ModelConfig
from playground.lora import n_trainable
from playground.models import build_model
from tests.test_lora import GPT2, LLAMA, adapted, config_of


@pytest.mark.parametrize("shape", [GPT2, LLAMA], ids=["gpt2", "llama"])
def test_what_learns_is_what_accounting_counts(shape):
    config = config_of(shape)
    model, _ = adapted(config)
    assert n_trainable(model) == trainable_parameters(config)
    full = dataclasses.replace(config, train=dataclasses.replace(config.train, lora_rank=0))
    assert n_trainable(build_model(shape)) == trainable_parameters(full)


def test_adapters_of_a_model_of_hugging_face_stand_beside_each_matrix():
    shape = ModelConfig(
        architecture="hf",
        hf_config="{}",
        d_vocab=50,
        n_ctx=8,
        d_model=16,
        n_heads=2,
        n_layers=3,
        d_mlp=40,
        n_parameters=1,
    )
    sides = 4 * (16 + 16) + (40 + 16) * (3 if shape.activation == "swiglu" else 2)  # q, k, v, out; up, down
    assert adapter_parameters(shape, 5) == 5 * 3 * sides
