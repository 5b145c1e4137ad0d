import dataclasses
from pathlib import Path

import pytest

from playground.config import ConfigError
from playground.presets import PRESETS
from playground.ui.data_form import DataForm, default_data
from playground.ui.data_values import data_values
from playground.ui.settings.component import settings_value
from playground.ui.train_form import Form


def form(preset="fast", changes=None, **values):
    config = PRESETS[preset].config
    data = DataForm(**data_values(config.data, Path()))
    made = {"data": data, "preset": preset, "start_from": config.start_from, "changes": changes or {}}
    return Form(**{**made, **values})


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
    values = [*dataclasses.astuple(made.data), "tiny", "", settings_value("tiny", {"optim.lr": 0.001})]
    assert Form.read(values) == made


def test_changes_of_another_preset_do_not_count():
    values = [*dataclasses.astuple(default_data()), "fast", "", settings_value("tiny", {"optim.lr": 0.001})]
    assert Form.read(values).changes == {}


@pytest.mark.parametrize("value", ["", "[]", "{}", None, '{"preset": "fast", "changes": 3}'])
def test_settings_that_are_none_are_refused(value):
    with pytest.raises(ConfigError, match="reload"):
        Form.read([*dataclasses.astuple(default_data()), "fast", None, value])
