import dataclasses

import pytest

from playground.config import ConfigError
from playground.presets import PRESETS
from playground.ui.data_form import default_data
from playground.ui.settings.component import settings_value
from playground.ui.train_form import Form, cut_of

CUT = ("tokenizer", "bpe_size", "batches")


def form(preset="fast", changes=None, **values):
    data = dataclasses.replace(default_data(), **dict(zip(CUT, cut_of(preset), strict=True)))
    return Form(**{"data": data, "preset": preset, "changes": changes or {}, **values})


@pytest.mark.parametrize("name", PRESETS)
def test_an_untouched_form_is_the_preset(name):
    assert form(name).config() == PRESETS[name].config


def test_what_is_changed_is_in_the_config():
    data = dataclasses.replace(
        default_data("char"), corpus="markov", parameter=3, split="10/10", batches="padded"
    )
    config = form(changes={"model.d_model": 64, "train.steps": 7}, data=data).config()
    assert (config.model.d_model, config.model.d_mlp, config.train.steps) == (64, 256, 7)
    assert (config.data.corpus, config.data.tokenizer) == ("markov:3", "char")
    assert (config.data.val_fraction, config.data.test_fraction, config.data.batches) == (0.1, 0.1, "padded")


def test_the_values_of_the_page_are_read_in_the_order_of_its_components():
    made = form("tiny", {"optim.lr": 0.001})
    values = [*dataclasses.astuple(made.data), "tiny", settings_value("tiny", {"optim.lr": 0.001})]
    assert Form.read(values) == made


def test_changes_of_another_preset_do_not_count():
    values = [*dataclasses.astuple(default_data()), "fast", settings_value("tiny", {"optim.lr": 0.001})]
    assert Form.read(values).changes == {}


@pytest.mark.parametrize("value", ["", "[]", "{}", None, '{"preset": "fast", "changes": 3}'])
def test_settings_that_are_none_are_refused(value):
    with pytest.raises(ConfigError, match="reload"):
        Form.read([*dataclasses.astuple(default_data()), "fast", value])
