import dataclasses

import pytest

from playground.config import ConfigError
from playground.presets import PRESETS
from playground.ui.data_form import default_data
from playground.ui.train_form import Form, cut_of, settings_of

CUT = ("tokenizer", "bpe_size", "batches")


def form(preset="fast", **changes):
    names = [field.name for field in dataclasses.fields(Form)][2:]
    data = dataclasses.replace(default_data(), **dict(zip(CUT, cut_of(preset), strict=True)))
    values = dict(zip(names, settings_of(preset), strict=True))
    return Form(**{"data": data, "preset": preset, **values, **changes})


@pytest.mark.parametrize("name", PRESETS)
def test_an_untouched_form_is_the_preset(name):
    assert form(name).config() == PRESETS[name].config


def test_what_is_changed_is_in_the_config():
    data = dataclasses.replace(
        default_data("char"), corpus="markov", parameter=3, split="10/10", batches="padded"
    )
    config = form(n_layers=2, d_model=64, n_ctx=32, batch_size=3, lr=1e-3, steps=7, data=data).config()
    assert (config.model.n_layers, config.model.d_model, config.model.d_mlp) == (2, 64, 256)
    assert (config.model.n_ctx, config.train.batch_size, config.train.steps) == (32, 3, 7)
    usual = PRESETS["fast"].config.optim
    assert config.optim.lr_min / config.optim.lr == pytest.approx(usual.lr_min / usual.lr)
    assert (config.data.corpus, config.data.tokenizer) == ("markov:3", "char")
    assert (config.data.val_fraction, config.data.test_fraction, config.data.batches) == (0.1, 0.1, "padded")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"d_model": 100, "n_heads": 3}, "n_heads"),
        ({"n_layers": None}, "Layers is empty"),
        ({"steps": 1.5}, "Steps"),
        ({"lr": -1}, "lr"),
        ({"batch_size": 0}, "batch_size"),
    ],
)
def test_a_field_that_can_not_work_is_named(changes, word):
    with pytest.raises(ConfigError, match=word):
        form(**changes).config()


def test_the_values_of_the_page_are_read_in_the_order_of_its_components():
    made = form("tiny")
    values = [*dataclasses.astuple(made.data), *dataclasses.astuple(made)[1:]]
    assert Form.read(values) == made
