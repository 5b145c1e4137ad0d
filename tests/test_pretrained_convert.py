"""Parity with Hugging Face: every weight from N(0, 0.2), float64, 1e-10, so that no wrong part hides."""

import pytest
import torch
from torch.nn import functional as F
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
)
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from playground.config import ConfigError, ModelConfig
from playground.models import LSTM, Transformer
from playground.pretrained import from_hf, to_hf
from tests.test_transformer import SMALL, random_model

GPT2 = {"norm": "layernorm", "qk_norm": False}
LLAMA = {"positions": "rotary", "norm": "rmsnorm", "activation": "swiglu", "qk_norm": False}


@pytest.fixture(autouse=True)
def _norm_in_float64(monkeypatch):
    """Let Llama's norm compute in the precision of its input: it rounds to float32, which costs 1e-7."""
    monkeypatch.setattr(
        LlamaRMSNorm,
        "forward",
        lambda self, x: F.rms_norm(x, x.shape[-1:], self.weight, self.variance_epsilon),
    )


def drawn(model):
    """Every weight from N(0, 0.2), in float64."""
    torch.manual_seed(2)
    model = model.double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.2)
    return model


def gpt2(**changes):
    shape = {"vocab_size": 17, "n_positions": 12, "n_embd": 16, "n_layer": 2, "n_head": 2}
    return drawn(GPT2LMHeadModel(GPT2Config(**shape, bos_token_id=0, eos_token_id=0, **changes)))


def llama(**changes):
    shape = {"vocab_size": 17, "max_position_embeddings": 64, "hidden_size": 16, "num_hidden_layers": 2}
    shape |= {"num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 44, "pad_token_id": 0}
    return drawn(LlamaForCausalLM(LlamaConfig(**{**shape, **changes}, bos_token_id=0, eos_token_id=0)))


@torch.no_grad()
def assert_same_logits(ours, theirs, pos):
    tokens = torch.randint(17, (3, pos))
    torch.testing.assert_close(ours(tokens), theirs(tokens).logits, atol=1e-10, rtol=0)


@pytest.mark.parametrize("activation", ["gelu_new", "gelu", "relu2"])
@pytest.mark.parametrize("tied", [True, False])
def test_reads_gpt2(activation, tied):
    theirs = gpt2(
        activation_function=activation, tie_word_embeddings=tied, n_inner=40, layer_norm_epsilon=1e-3
    )
    ours = from_hf(theirs)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    assert_same_logits(ours, theirs, 12)


@pytest.mark.parametrize("changes", [
    {},
    {"num_key_value_heads": 4},
    {"num_key_value_heads": 1, "head_dim": 6, "rms_norm_eps": 1e-3},
    {"tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True},
    {"rope_parameters": {"rope_type": "default", "rope_theta": 500_000.0}},
])  # fmt: skip
def test_reads_llama(changes):
    theirs = llama(**changes)
    ours = from_hf(theirs)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    assert_same_logits(ours, theirs, 64)


@pytest.mark.parametrize("shape", [
    {**GPT2, "positions": "learned", "activation": "gelu_tanh", "bias": True, "tie_embeddings": True},
    {**GPT2, "positions": "learned", "activation": "gelu", "bias": False},
    {**GPT2, "positions": "sinusoidal", "activation": "relu2", "bias": True, "norm_eps": 1e-3},
    {**GPT2, "positions": "none", "activation": "gelu_tanh", "d_mlp": 20},
    LLAMA,
    {**LLAMA, "n_heads": 4, "n_kv_heads": 2, "bias": True, "tie_embeddings": True},
    {**LLAMA, "d_head": 6, "rope_theta": 500.0, "norm_eps": 1e-3},
], ids=lambda shape: f"{shape['positions']}-{shape['activation']}")  # fmt: skip
def test_written_models_give_the_same_logits(shape):
    ours = random_model(**shape)
    theirs = to_hf(ours)
    assert not theirs.training
    assert_same_logits(ours, theirs, 12)
    assert_same_logits(from_hf(theirs), theirs, 12)
    with torch.no_grad():
        ours.embed.weight.zero_()
    assert theirs.get_input_embeddings().weight.abs().max() > 0, "the weights are shared"


@pytest.mark.parametrize(("changes", "words"), [
    ({"qk_norm": True}, "qk_norm"),
    ({**LLAMA, "activation": "gelu"}, "activation 'gelu'"),
    ({**GPT2, "positions": "learned", "norm": "rmsnorm"}, "norm is 'rmsnorm'"),
    ({**GPT2, "positions": "learned", "activation": "swiglu"}, "activation 'swiglu'"),
    ({**GPT2, "positions": "none", "activation": "gelu", "n_kv_heads": 1}, "n_kv_heads is 1"),
])  # fmt: skip
def test_what_hugging_face_has_not_is_named(changes, words):
    with pytest.raises(ConfigError, match=words):
        to_hf(Transformer(ModelConfig(**{**SMALL, **changes})))


def test_other_models_are_refused():
    with pytest.raises(ConfigError, match="lstm"):
        to_hf(LSTM(ModelConfig(**SMALL, architecture="lstm")))
    other = GPTNeoXConfig(vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=1)
    with pytest.raises(ConfigError, match="gpt_neox"):
        from_hf(GPTNeoXForCausalLM(other))
    with pytest.raises(ConfigError, match="linear"):
        from_hf(llama(rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}))
    with pytest.raises(ConfigError, match="attention_bias"):
        from_hf(llama(attention_bias=True))
    with pytest.raises(ConfigError, match="silu"):
        from_hf(gpt2(activation_function="silu"))
