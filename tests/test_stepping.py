"""One token at a time gives the logits of a whole forward pass, whatever the settings of the model."""

import pytest
import torch

from playground.checkpoint import model_tensors
from playground.config import ModelConfig
from playground.models import Transformer, attention, build_model, build_stepper
from playground.models.compiled_stepping import CompiledStepper
from playground.models.large_pages import in_large_pages
from playground.models.stepping import Stepper

SHAPES = [
    {},
    {"positions": "learned", "norm": "layernorm", "activation": "gelu_tanh", "bias": True},
    {"positions": "sinusoidal", "activation": "gelu", "qk_norm": False, "tie_embeddings": True},
    {"positions": "none", "activation": "swiglu", "n_kv_heads": 1, "dropout": 0.5},
    {"n_kv_heads": 2, "d_head": 6, "d_mlp": 21},
    {"qk_norm_gain": True, "qkv_bias": True, "norm_eps": 1e-3, "n_kv_heads": 2},
]


def random_model(**settings) -> Transformer:
    torch.manual_seed(1)
    config = ModelConfig(d_vocab=17, n_ctx=9, d_model=16, n_heads=4, n_layers=2, **settings)
    model = Transformer(config).double().eval()
    for p in model.parameters():
        torch.nn.init.normal_(p, 0, 0.3)
    return model


@pytest.mark.parametrize("n_rows", [1, 5])
@pytest.mark.parametrize("kind", [Stepper, CompiledStepper])
@pytest.mark.parametrize("settings", SHAPES, ids=str)
def test_steps_agree_with_a_forward_pass(settings, kind, n_rows):
    model = random_model(**settings)
    with torch.inference_mode():
        tokens = torch.randint(17, (n_rows, 9))
        expected, cache = model(tokens), model.new_cache(n_rows)
        model(tokens[:, :2], cache)
        stepper = kind(model, cache)
        for at in range(2, 9):
            logits = stepper.logits(tokens[:, at])
            torch.testing.assert_close(logits, expected[:, at], rtol=1e-10, atol=1e-10)
        with pytest.raises(ValueError, match="n_ctx = 9"):
            stepper.logits(tokens[:, 0])


@pytest.mark.parametrize(
    "shape", [{}, {"positions": "learned", "norm": "layernorm", "qk_norm": False}], ids=str
)
def test_rows_that_were_filled_up_at_their_left_step_as_they_would_alone(shape):
    model, lengths = random_model(**shape), (2, 5, 1, 5)
    with torch.inference_mode():
        tokens = torch.randint(17, (4, 9))
        mask = torch.arange(5) >= 5 - torch.tensor(lengths)[:, None]
        cache = model.new_cache(4)
        model(tokens[:, :5], cache, mask)
        cache.pick(torch.tensor([0, 2, 3]))
        stepper = CompiledStepper(model, cache)
        for at in range(5, 9):
            logits = stepper.logits(tokens[[0, 2, 3], at])
            for place, row in enumerate((0, 2, 3)):
                alone = model(tokens[row : row + 1, 5 - lengths[row] : at + 1])[0, -1]
                torch.testing.assert_close(logits[place], alone, rtol=1e-10, atol=1e-10)
        assert cache.mask is not None
        assert cache.mask.shape == (3, 9)


@pytest.mark.parametrize("kind", [Stepper, CompiledStepper])
def test_a_cache_grows_as_it_is_filled(kind, monkeypatch):
    monkeypatch.setattr(attention, "FIRST_ROOM", 2)
    model = random_model()
    with torch.inference_mode():
        tokens = torch.randint(17, (3, 9))
        expected, cache = model(tokens), model.new_cache(3)
        model(tokens[:, :2], cache)
        stepper, rooms = kind(model, cache), []
        for at in range(2, 7):
            logits = stepper.logits(tokens[:, at])
            torch.testing.assert_close(logits, expected[:, at], rtol=1e-10, atol=1e-10)
            rooms.append(cache.keys_values.shape[-2])
        assert rooms == [4, 4, 8, 8, 8]
        torch.testing.assert_close(model(tokens[:, 7:], cache), expected[:, 7:], rtol=1e-10, atol=1e-10)
        assert cache.keys_values.shape[-2] == 9, "the context is the end of it"


def test_many_rows_are_shared_between_threads():
    model, threads = random_model(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with torch.inference_mode():
            tokens = torch.randint(17, (9, 9))
            expected, cache = model(tokens), model.new_cache(9)
            model(tokens[:, :7], cache)
            stepper = CompiledStepper(model, cache)
            assert stepper.n_shares == 2
            for at in (7, 8):
                logits = stepper.logits(tokens[:, at])
                torch.testing.assert_close(logits, expected[:, at], rtol=1e-10, atol=1e-10)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("settings", [{}, {"tie_embeddings": True}, {"architecture": "lstm"}], ids=str)
def test_a_model_in_large_pages_is_the_same_model(settings):
    model = build_model(
        ModelConfig(d_vocab=17, n_ctx=9, d_model=16, n_heads=4, n_layers=2, **settings)
    ).eval()
    tokens, before = torch.randint(17, (2, 9)), model_tensors(model)
    with torch.no_grad():
        expected = model(tokens)
        assert torch.equal(in_large_pages(model)(tokens), expected)
    after = model_tensors(model)
    assert after.keys() == before.keys(), "what was tied is tied"
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert len({p.untyped_storage().data_ptr() for p in model.parameters()}) == 1
    first = min(p.data_ptr() for p in model.parameters())
    assert all((p.data_ptr() - first) % 64 == 0 for p in model.parameters())


def test_which_one_steps():
    """The compiled one where it can: not in bfloat16. In float32 it agrees as far as float32 goes."""
    model = random_model()
    half = model.to(torch.bfloat16)
    assert isinstance(build_stepper(half, half.new_cache()), Stepper)
    single = random_model().float()
    with torch.inference_mode():
        tokens = torch.randint(17, (4, 9))
        expected, cache = single(tokens)[:, -1], single.new_cache(4)
        single(tokens[:, :8], cache)
        stepper = build_stepper(single, cache)
        assert isinstance(stepper, CompiledStepper)
        torch.testing.assert_close(stepper.logits(tokens[:, 8]), expected, rtol=1e-5, atol=1e-5)
