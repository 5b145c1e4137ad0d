import itertools
import math

import pytest
import torch
from torch.nn import functional as F

from playground.config import ConfigError, ModelConfig, OptimConfig
from playground.models import Transformer
from playground.models.positions import rotate, rotations
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
SHAPES += [
    {"qk_norm_gain": True, "norm_eps": 1e-3, "d_head": 6},
    {"positions": "learned", "qk_norm_gain": True, "qkv_bias": True, "n_kv_heads": 1},
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


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary", "none"])
@pytest.mark.parametrize("norm", ["layernorm", "rmsnorm"])
@torch.no_grad()
def test_the_cache_path_equals_the_causal_path_in_every_combination(positions, norm):
    names = ("activation", "tie_embeddings", "bias", "qk_norm", "n_kv_heads")
    choices = (
        ["gelu", "gelu_tanh", "relu2", "swiglu"],
        [False, True],
        [False, True],
        [False, True],
        [1, 2, 4],
    )
    tokens = torch.randint(17, (2, 7))
    for values in itertools.product(*choices):
        shape = dict(zip(names, values, strict=True))
        model = random_model(positions=positions, norm=norm, n_heads=4, **shape)
        cache = model.new_cache(batch=2)
        parts = [model(piece, cache) for piece in tokens.split([3, 1, 1, 2], dim=1)]
        torch.testing.assert_close(torch.cat(parts, dim=1), model(tokens), atol=1e-10, rtol=0)


def test_shared_key_and_value_heads_are_those_of_a_full_model_with_equal_ones():
    shared = random_model(n_heads=4, n_kv_heads=2)
    full = random_model(n_heads=4)
    weights = shared.state_dict()
    for name in [name for name in weights if "qkv" in name]:
        q, k, v = weights[name].split([16, 8, 8])
        doubled = [w.view(2, 4, 16).repeat_interleave(2, dim=0).flatten(0, 1) for w in (k, v)]
        weights[name] = torch.cat((q, *doubled))
    full.load_state_dict(weights)
    tokens = torch.randint(17, (2, 12))
    torch.testing.assert_close(shared(tokens), full(tokens), atol=1e-10, rtol=0)
    assert shared.new_cache().keys_values.numel() * 2 == full.new_cache().keys_values.numel()


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary", "none"])
@pytest.mark.parametrize("cached", [False, True])
@torch.no_grad()
def test_padded_rows_give_what_each_row_gives_alone(positions, cached):
    model, tokens = random_model(positions=positions, n_kv_heads=1), torch.randint(17, (3, 12))
    mask = torch.ones(3, 12, dtype=torch.bool)
    mask[0, :4], mask[1, 9:] = False, False
    if cached:
        cache, sizes = model.new_cache(batch=3), [6, 1, 5]
        pieces = zip(tokens.split(sizes, dim=1), mask.split(sizes, dim=1), strict=True)
        logits = torch.cat([model(piece, cache, real) for piece, real in pieces], dim=1)
    else:
        logits = model(tokens, mask=mask)
    assert logits.isfinite().all()
    for row in range(3):
        alone = model(tokens[row, mask[row]][None])[0]
        torch.testing.assert_close(logits[row, mask[row]], alone, atol=1e-10, rtol=0)


@torch.no_grad()
def test_tokens_after_a_padded_prompt_need_no_mask():
    model, prompt, more = random_model(), torch.randint(17, (2, 6)), torch.randint(17, (2, 3))
    mask = torch.ones(2, 6, dtype=torch.bool)
    mask[0, :4] = False
    cache = model.new_cache(batch=2)
    model(prompt, cache, mask)
    logits = torch.cat([model(token, cache) for token in more.split(1, dim=1)], dim=1)
    for row in range(2):
        alone = model(torch.cat((prompt[row, mask[row]], more[row]))[None])[0, -3:]
        torch.testing.assert_close(logits[row], alone, atol=1e-10, rtol=0)


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


def test_gpt2_initialisation():
    torch.manual_seed(0)
    shape = {"d_model": 256, "n_heads": 4, "n_layers": 8, "bias": True, "norm": "layernorm"}
    model = Transformer(ModelConfig(500, 100, **shape, positions="learned", init="gpt2"))
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            assert parameter.abs().max() == 0
        elif "norm" in name:
            assert (parameter == 1).all()
        else:
            residual = name.endswith(("attention.out.weight", "mlp.down.weight"))
            assert parameter.std().item() == pytest.approx(0.02 / (4 if residual else 1), rel=0.02), name


def test_rotary_scores_depend_on_the_distance_alone():
    turn = rotations(32, 8).double()
    q, k = torch.randn(1, 1, 1, 8, dtype=torch.float64), torch.randn(1, 1, 1, 8, dtype=torch.float64)

    def score(i, j):
        return (rotate(q, turn[:, i : i + 1]) * rotate(k, turn[:, j : j + 1])).sum().item()

    assert score(9, 4) == pytest.approx(score(25, 20), abs=1e-5)
    assert score(9, 4) != pytest.approx(score(9, 5), abs=1e-3)


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
