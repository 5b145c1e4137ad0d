import dataclasses

import pytest

from playground.config import ConfigError
from playground.presets import PRESETS
from playground.ui.train_form import OWN_TEXT, Form, settings_of, whole


def form(preset="fast", **changes):
    values = dict(zip([f.name for f in dataclasses.fields(Form)][4:], settings_of(preset), strict=True))
    first = {"corpus": "toy-stories", "own_text": "", "own_file": None, "preset": preset}
    return Form(**{**first, **values, **changes})


@pytest.mark.parametrize("name", PRESETS)
def test_an_untouched_form_is_the_preset(name):
    assert form(name).config() == PRESETS[name].config


def test_what_is_changed_is_in_the_config():
    config = form(n_layers=2, d_model=64, n_ctx=32, batch_size=3, lr=1e-3, steps=7, tokenizer="char").config()
    assert (config.model.n_layers, config.model.d_model, config.model.d_mlp) == (2, 64, 256)
    assert (config.model.n_ctx, config.train.batch_size, config.train.steps) == (32, 3, 7)
    assert config.optim.lr_min == pytest.approx(1e-4)
    assert config.data.tokenizer == "char"


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


def test_own_text_is_pasted_or_uploaded(tmp_path):
    assert form(corpus=OWN_TEXT, own_text="abc").loaded_corpus().documents == ("abc",)
    path = tmp_path / "a.txt"
    path.write_text("from a file")
    assert form(corpus=OWN_TEXT, own_file=str(path)).loaded_corpus().documents == ("from a file",)
    path.write_bytes(b"caf\xe9")
    with pytest.raises(ValueError, match="byte 3|position 3|3"):
        form(corpus=OWN_TEXT, own_file=str(path)).loaded_corpus()
    with pytest.raises(ValueError, match="empty|no text"):
        form(corpus=OWN_TEXT, own_text="  ").loaded_corpus()
    assert whole("Steps", 3.0) == 3
