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
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)
from transformers.models.apertus.modeling_apertus import ApertusRMSNorm
from transformers.models.arcee.modeling_arcee import ArceeRMSNorm
from transformers.models.llama.modeling_llama import LlamaRMSNorm
from transformers.models.mistral.modeling_mistral import MistralRMSNorm
from transformers.models.qwen2.modeling_qwen2 import Qwen2RMSNorm
from transformers.models.qwen3.modeling_qwen3 import Qwen3RMSNorm

from playground import presets
from playground.config import ConfigError, ModelConfig
from playground.models import LSTM, Transformer
from playground.pretrained import from_hf, to_hf
from playground.pretrained.shapes import shape_of
from tests.test_transformer import SMALL, random_model

FLOAT32_NORMS = (MistralRMSNorm, LlamaRMSNorm, ArceeRMSNorm, ApertusRMSNorm, Qwen2RMSNorm, Qwen3RMSNorm)
GPT2 = {"norm": "layernorm", "qk_norm": False}
LLAMA = {"positions": "rotary", "norm": "rmsnorm", "activation": "swiglu", "qk_norm": False}


@pytest.fixture(autouse=True)
def _norm_in_float64(monkeypatch):
    """Let their norms compute in the precision of the input: they round to float32, which costs 1e-7."""
    for norm in FLOAT32_NORMS:
        monkeypatch.setattr(
            norm, "forward", lambda self, x: F.rms_norm(x, x.shape[-1:], self.weight, self.variance_epsilon)
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


def llama(config=LlamaConfig, kind=LlamaForCausalLM, **changes):
    shape = {"vocab_size": 17, "max_position_embeddings": 64, "hidden_size": 16, "num_hidden_layers": 2}
    shape |= {"num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 44, "pad_token_id": 0}
    return drawn(kind(config(**{**shape, **changes}, bos_token_id=0, eos_token_id=0)))


RELATIVES = {
    "mistral": (MistralConfig, MistralForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
}
"""Llama's relatives, by their model_type."""


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


@pytest.mark.parametrize("kind", RELATIVES)
@pytest.mark.parametrize("changes", [
    {"sliding_window": None},
    {"head_dim": 6, "rms_norm_eps": 1e-3, "tie_word_embeddings": True, "sliding_window": None},
])  # fmt: skip
def test_reads_relatives_of_llama(kind, changes):
    theirs = llama(*RELATIVES[kind], **changes)
    ours = from_hf(theirs)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    assert ours.config.qkv_bias == (kind == "qwen2")
    assert ours.config.qk_norm_gain == (kind == "qwen3")
    assert_same_logits(ours, theirs, 64)
    assert_same_logits(ours, to_hf(ours), 64)


@pytest.mark.parametrize("make", [gpt2, llama])
def test_a_context_can_be_cut_short(make):
    theirs = make()
    ours = from_hf(theirs, n_ctx=7)
    assert ours.config.n_ctx == 7
    assert_same_logits(ours, theirs, 7)
    with pytest.raises(ValueError, match="n_ctx = 7"):
        ours(torch.zeros(1, 8, dtype=torch.long))


@pytest.mark.parametrize("shape", [
    {**GPT2, "positions": "learned", "activation": "gelu_tanh", "bias": True, "tie_embeddings": True},
    {**GPT2, "positions": "learned", "activation": "gelu", "bias": False},
    {**GPT2, "positions": "sinusoidal", "activation": "relu2", "bias": True, "norm_eps": 1e-3},
    {**GPT2, "positions": "none", "activation": "gelu_tanh", "d_mlp": 20},
    LLAMA,
    {**LLAMA, "n_heads": 4, "n_kv_heads": 2, "bias": True, "tie_embeddings": True},
    {**LLAMA, "d_head": 6, "rope_theta": 500.0, "norm_eps": 1e-3},
    {**LLAMA, "qk_norm": True},
    {**LLAMA, "qk_norm": True, "qk_norm_gain": True, "n_kv_heads": 1},
    {**LLAMA, "qkv_bias": True},
    {"positions": "rotary", "activation": "relu2", "norm_eps": 0.0},
    {"positions": "rotary", "activation": "gelu", "d_head": 6, "n_kv_heads": 1, "tie_embeddings": True},
    {"positions": "rotary", "activation": "gelu_tanh", "qk_norm_gain": True, "norm_eps": 1e-3},
    {"positions": "rotary", "activation": "relu2", "qk_norm": False, "bias": True, "rope_theta": 500.0},
    {"positions": "rotary", "activation": "gelu_tanh", "qk_norm": False, "d_head": 6, "n_kv_heads": 1},
    {**GPT2, "positions": "rotary", "activation": "relu2", "bias": True, "n_kv_heads": 1},
    {**GPT2, "positions": "rotary", "activation": "gelu", "d_head": 6, "norm_eps": 1e-3},
], ids=str)  # fmt: skip
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
    ({"positions": "learned", "qk_norm": False}, "GPT-2's, with norm layernorm"),
    ({**GPT2, "positions": "learned", "activation": "swiglu"}, "activation gelu or gelu_tanh or relu2"),
    ({**GPT2, "positions": "none", "activation": "gelu", "n_kv_heads": 1}, "shared heads off"),
    ({"positions": "rotary", "bias": True}, "Apertus's, with bias off .not on."),
    ({**GPT2, "positions": "rotary", "qk_norm": True}, "nearest that can be exported"),
])  # fmt: skip
def test_a_shape_that_hugging_face_has_not_is_refused_with_the_nearest(changes, words):
    with pytest.raises(ConfigError, match=words):
        to_hf(Transformer(ModelConfig(**{**SMALL, **changes})))


def test_every_preset_that_is_a_transformer_can_be_exported():
    for preset in presets.PRESETS.values():
        config = preset.config.model
        if config.architecture == "transformer":
            assert shape_of(config).kind in ("gpt2", "apertus", "llama"), preset


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
    with pytest.raises(ConfigError, match="sliding_window is 8"):
        from_hf(llama(*RELATIVES["mistral"], sliding_window=8))
    with pytest.raises(ConfigError, match="scaled in another way"):
        from_hf(gpt2(scale_attn_by_inverse_layer_idx=True))
    with pytest.raises(ConfigError, match="silu"):
        from_hf(gpt2(activation_function="silu"))
