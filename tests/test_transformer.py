import itertools
import math

import pytest
import torch
from torch.nn import functional as F

from playground.config import ConfigError, ModelConfig, OptimConfig
from playground.models import Transformer
from playground.models.transformer import rotate, rotations
from playground.optim import build_optimizer

SMALL = {"d_vocab": 17, "n_ctx": 12, "d_model": 16, "n_heads": 2, "n_layers": 2}
SHAPES = [
    {"positions": p, "norm": n, "activation": a, "tie_embeddings": t, "bias": not t, "qk_norm": q}
    for (p, n), (a, t), q in itertools.product(
        [("learned", "layernorm"), ("sinusoidal", "rmsnorm"), ("rotary", "rmsnorm"), ("none", "layernorm")],
        [("gelu", True), ("gelu_tanh", False), ("relu2", True), ("swiglu", False)],
        [False, True],
    )
]


def random_model(**changes):
    """A model in float64 with every weight from N(0, 0.2), so that no part hides behind zeros."""
    torch.manual_seed(1)
    model = Transformer(ModelConfig(**{**SMALL, **changes})).double().eval()
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(0, 0.2)
    return model


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(str(v) for v in shape.values()))
def test_causality_and_cache(shape):
    model = random_model(**shape)
    tokens = torch.randint(17, (3, 12))
    with torch.no_grad():
        logits = model(tokens)
        assert logits.shape == (3, 12, 17)
        for pos in range(12):
            changed = tokens.clone()
            changed[:, pos] = (changed[:, pos] + 1) % 17
            difference = (model(changed) - logits).abs().amax(dim=(0, 2))
            assert difference[:pos].max() == 0 if pos else True, "an earlier logit saw a later token"
            assert difference[pos] > 0
        cache, parts = model.new_cache(batch=3), []
        for piece in tokens.split([5, 1, 1, 3, 2], dim=1):
            parts.append(model(piece, cache))
        torch.testing.assert_close(torch.cat(parts, dim=1), logits, atol=1e-10, rtol=0)


@torch.no_grad()
def test_too_many_tokens_and_an_unknown_vocabulary_are_refused():
    model = random_model()
    with pytest.raises(ValueError, match="13 tokens.*n_ctx = 12"):
        model(torch.zeros(1, 13, dtype=torch.long))
    cache = model.new_cache()
    model(torch.zeros(1, 12, dtype=torch.long), cache)
    with pytest.raises(ValueError, match="13 tokens"):
        model(torch.zeros(1, 1, dtype=torch.long), cache)
    with pytest.raises(ConfigError, match="d_vocab"):
        Transformer(ModelConfig())


@pytest.mark.parametrize("d_vocab", [65, 512])
@pytest.mark.parametrize(
    ("init", "tied"), [("gpt2", False), ("zero_residual", False), ("zero_residual", True)]
)
def test_the_first_loss_is_that_of_guessing(init, tied, d_vocab):
    torch.manual_seed(0)
    model = Transformer(ModelConfig(d_vocab, 64, 128, 4, 4, init=init, tie_embeddings=tied))
    tokens = torch.randint(d_vocab, (8, 65))
    loss = F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten()).item()
    assert loss == pytest.approx(math.log(d_vocab), abs=0.05)


def test_rotary_scores_depend_on_the_distance_alone():
    turn = rotations(32, 8).double()
    q, k = torch.randn(1, 1, 1, 8, dtype=torch.float64), torch.randn(1, 1, 1, 8, dtype=torch.float64)

    def score(i, j):
        return (rotate(q, turn[:, i : i + 1]) * rotate(k, turn[:, j : j + 1])).sum().item()

    assert score(9, 4) == pytest.approx(score(25, 20), abs=1e-5)
    assert score(9, 4) != pytest.approx(score(9, 5), abs=1e-3)


def test_equals_the_gpt2_of_hugging_face():
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    reference = GPT2LMHeadModel(GPT2Config(vocab_size=17, n_positions=12, n_embd=16, n_layer=2, n_head=2))
    reference = reference.double().eval()
    model = random_model(
        positions="learned",
        norm="layernorm",
        activation="gelu_tanh",
        bias=True,
        qk_norm=False,
        tie_embeddings=True,
    )
    with torch.no_grad():
        for p in reference.parameters():
            p.normal_(0, 0.2)
        source = reference.transformer
        copies = [(model.embed, source.wte), (model.position_embed, source.wpe), (model.norm, source.ln_f)]
        for block, theirs in zip(model.blocks, source.h, strict=True):
            copies += [(block.attention_norm, theirs.ln_1), (block.mlp_norm, theirs.ln_2)]
            copies += [(block.attention.qkv, theirs.attn.c_attn), (block.attention.out, theirs.attn.c_proj)]
            copies += [(block.mlp.up, theirs.mlp.c_fc), (block.mlp.down, theirs.mlp.c_proj)]
        for ours, theirs in copies:
            transposed = type(theirs).__name__ == "Conv1D"
            ours.weight.copy_(theirs.weight.T if transposed else theirs.weight)
            if getattr(theirs, "bias", None) is not None:
                ours.bias.copy_(theirs.bias)
        tokens = torch.randint(17, (3, 12))
        torch.testing.assert_close(model(tokens), reference(tokens).logits, atol=1e-10, rtol=0)


@pytest.mark.parametrize("init", ["gpt2", "zero_residual"])
def test_every_weight_moves_within_twenty_steps(init):
    torch.manual_seed(0)
    model = Transformer(ModelConfig(**SMALL, positions="learned", bias=True, norm="layernorm", init=init))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimizer = build_optimizer(model, OptimConfig(weight_decay=0.0))
    for _ in range(20):
        tokens = torch.randint(17, (8, 13))
        optimizer.zero_grad()
        F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten()).backward()
        optimizer.step()
    still = [name for name, p in model.named_parameters() if torch.equal(p, before[name])]
    assert still == []


def test_dropout_acts_in_training_only():
    model = random_model(dropout=0.5)
    tokens = torch.randint(17, (2, 12))
    assert torch.equal(model(tokens), model(tokens))
    model.train()
    assert not torch.equal(model(tokens), model(tokens))
