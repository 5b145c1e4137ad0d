import dataclasses
import math

import pytest
import torch
from torch.nn import functional as F

from playground.accounting import count_parameters, lstm_of_equal_size
from playground.config import ConfigError, ModelConfig, SampleConfig
from playground.models import LSTM, Transformer, build_model
from playground.sampling import generate

SHAPE = {"d_vocab": 17, "n_ctx": 12, "d_model": 10, "n_layers": 2, "architecture": "lstm"}


def random_lstm(**changes):
    torch.manual_seed(1)
    model = LSTM(ModelConfig(**{**SHAPE, **changes})).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.4)
    return model


@torch.no_grad()
@pytest.mark.parametrize("changes", [{"bias": True}, {"tie_embeddings": True, "n_layers": 1}])
def test_logits_are_those_of_the_formula(changes):
    model, tokens = random_lstm(**changes), torch.randint(17, (3, 12))
    x = model.embed(tokens)
    for layer in range(model.config.n_layers):
        h = c = torch.zeros(3, 10, dtype=torch.float64)
        outputs = []
        for pos in range(12):
            gates = x[:, pos] @ getattr(model.layers, f"weight_ih_l{layer}").T
            gates = gates + h @ getattr(model.layers, f"weight_hh_l{layer}").T
            if model.config.bias:
                gates = gates + getattr(model.layers, f"bias_ih_l{layer}")
                gates = gates + getattr(model.layers, f"bias_hh_l{layer}")
            i, f, g, o = gates.chunk(4, dim=-1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            outputs.append(h)
        x = torch.stack(outputs, dim=1)
    torch.testing.assert_close(model(tokens), x @ model.unembed.weight.T, atol=1e-10, rtol=0)


@torch.no_grad()
def test_the_state_goes_on_where_it_left_off():
    model, tokens = random_lstm(), torch.randint(17, (3, 12))
    cache = model.new_cache(batch=3)
    parts = [model(piece, cache) for piece in tokens.split([5, 1, 1, 3, 2], dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(tokens), atol=1e-10, rtol=0)
    assert cache.length == 12


@torch.no_grad()
def test_padding_is_passed_over_on_either_side():
    model, tokens = random_lstm(bias=True), torch.randint(17, (3, 9))
    mask = torch.ones(3, 9, dtype=torch.bool)
    mask[0, :4], mask[1, 6:] = False, False
    cache = model.new_cache(batch=3)
    logits = model(tokens, cache, mask)
    more = torch.randint(17, (3, 2))
    after = model(more, cache)
    for row in range(3):
        alone = torch.cat((tokens[row, mask[row]], more[row]))[None]
        expected = model(alone)[0]
        got = torch.cat((logits[row, mask[row]], after[row]))
        torch.testing.assert_close(got, expected, atol=1e-10, rtol=0)


@pytest.mark.parametrize("init", ["gpt2", "zero_residual"])
@pytest.mark.parametrize("tied", [False, True])
def test_the_first_loss_is_that_of_guessing(init, tied):
    torch.manual_seed(0)
    config = ModelConfig(512, 64, 128, n_layers=2, architecture="lstm", init=init, tie_embeddings=tied)
    model, tokens = build_model(config), torch.randint(512, (8, 65))
    loss = F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten()).item()
    assert loss == pytest.approx(math.log(512), abs=0.05)


def test_dropout_acts_in_training_only():
    model, tokens = random_lstm(dropout=0.5, n_layers=1), torch.randint(17, (2, 12))
    assert torch.equal(model(tokens), model(tokens))
    model.train()
    assert not torch.equal(model(tokens), model(tokens))


def test_it_writes_the_same_text_with_and_without_its_state():
    model = random_lstm()
    with_state, without = (
        [d.token for d in generate(model, [1, 2, 3], SampleConfig(max_tokens=9), use_cache=use)]
        for use in (True, False)
    )
    assert with_state == without


def test_the_architecture_chooses_the_model():
    assert isinstance(build_model(ModelConfig(**SHAPE)), LSTM)
    assert isinstance(build_model(ModelConfig(d_vocab=17)), Transformer)
    with pytest.raises(ConfigError, match="d_vocab"):
        build_model(ModelConfig(architecture="lstm"))
    with pytest.raises(ConfigError, match="architecture.*'gru'"):
        ModelConfig(architecture="gru")


@pytest.mark.parametrize("tie_embeddings", [True, False])
@pytest.mark.parametrize("n_layers", [1, 2, 4])
def test_an_lstm_of_equal_size(tie_embeddings, n_layers):
    shape = ModelConfig(40, 64, 128, 4, 4, tie_embeddings=tie_embeddings, bias=True)
    lstm = lstm_of_equal_size(shape, n_layers)
    wanted = count_parameters(shape)["total"]
    assert lstm.n_layers == n_layers
    assert sum(p.numel() for p in build_model(lstm).parameters()) == pytest.approx(wanted, rel=0.01)
    for step in (-1, 1):
        other = dataclasses.replace(lstm, d_model=lstm.d_model + step)
        assert abs(count_parameters(other)["total"] - wanted) >= abs(count_parameters(lstm)["total"] - wanted)
