"""One token at a time gives the logits of a whole forward pass, whatever the settings of the model."""

import pytest
import torch

from playground.config import ModelConfig
from playground.models import Stepper, Transformer

SHAPES = [
    {},
    {"positions": "learned", "norm": "layernorm", "activation": "gelu_tanh", "bias": True},
    {"positions": "sinusoidal", "activation": "gelu", "qk_norm": False, "tie_embeddings": True},
    {"positions": "none", "activation": "swiglu", "n_kv_heads": 1, "dropout": 0.5},
    {"n_kv_heads": 2, "d_head": 6},
]


@pytest.mark.parametrize("settings", SHAPES, ids=str)
def test_steps_agree_with_a_forward_pass(settings):
    torch.manual_seed(1)
    config = ModelConfig(d_vocab=17, n_ctx=9, d_model=16, n_heads=4, n_layers=2, **settings)
    model = Transformer(config).double().eval()
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(0, 0.3)
        tokens = torch.randint(17, (3, 9))
        expected, cache = model(tokens), model.new_cache(3)
        model(tokens[:, :2], cache)
        stepper = Stepper(model, cache)
        for at in range(2, 9):
            logits = stepper.logits(tokens[:, at])
            torch.testing.assert_close(logits, expected[:, at], rtol=1e-10, atol=1e-10)
        with pytest.raises(ValueError, match="n_ctx = 9"):
            stepper.logits(tokens[:, 0])
