import dataclasses
import json

import pytest

from playground.config import (
    ConfigError,
    DataConfig,
    ModelConfig,
    OptimConfig,
    RunConfig,
    SampleConfig,
    TrainConfig,
)
from playground.presets import PRESETS


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_every_preset_survives_json(preset):
    assert RunConfig.from_json(preset.config.to_json()) == preset.config


def test_derived_widths():
    config = ModelConfig(d_vocab=10, d_model=96, n_heads=6)
    assert (config.d_mlp, config.d_head) == (384, 16)
    wider = dataclasses.replace(config.underived(), d_model=192)
    assert (wider.d_mlp, wider.d_head) == (768, 32)
    assert dataclasses.replace(ModelConfig(d_mlp=100).underived(), d_model=64).d_mlp == 100


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ModelConfig(d_model=100, n_heads=3), ["d_model", "100", "n_heads", "3"]),
        (lambda: ModelConfig(d_model=12, n_heads=4, positions="rotary"), ["d_head", "3"]),
        (lambda: ModelConfig(norm="batchnorm"), ["norm", "batchnorm", "rmsnorm"]),
        (lambda: ModelConfig(n_layers=0), ["n_layers", "0"]),
        (lambda: ModelConfig(dropout=1.0), ["dropout", "1.0"]),
        (lambda: OptimConfig(lr=-1.0), ["lr", "-1"]),
        (lambda: OptimConfig(lr=float("nan")), ["lr", "nan"]),
        (lambda: OptimConfig(lr=1e-3, lr_min=1e-2), ["lr_min", "0.01", "0.001"]),
        (lambda: TrainConfig(batch_size=0), ["batch_size", "0"]),
        (lambda: DataConfig(corpus="text"), ["text_file"]),
        (lambda: DataConfig(corpus="hub"), ["hub"]),
        (lambda: DataConfig(corpus="hub", hub="../x"), ["hub", "'../x'"]),
        (lambda: DataConfig(hub_split="train+"), ["hub_split", "'train+'"]),
        (lambda: DataConfig(text_column="q", template="{a}"), ["text_column", "'q'", "template", "'{a}'"]),
        (lambda: DataConfig(template="question"), ["template", "'question'"]),
        (lambda: DataConfig(max_documents=-1), ["max_documents", "-1"]),
        (lambda: DataConfig(max_bytes=-1), ["max_bytes", "-1"]),
        (lambda: DataConfig(val_fraction=0.9), ["val_fraction", "0.9"]),
        (lambda: SampleConfig(temperature=-0.1), ["temperature", "-0.1"]),
        (lambda: SampleConfig(top_p=1.5), ["top_p", "1.5"]),
    ],
)
def test_a_bad_setting_is_named_with_its_value(make, words):
    with pytest.raises(ConfigError) as error:
        make()
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "JSON"),
        ("[]", "object"),
        ('{"model": {"d_modell": 3}}', "d_modell"),
        ('{"model": {"d_model": "3"}}', "d_model"),
        ('{"model": {"n_layers": true}}', "n_layers"),
        ('{"train": {"steps": 1.5}}', "steps"),
        ('{"model": 3}', "model"),
    ],
)
def test_bad_json_is_refused_by_name(text, word):
    with pytest.raises(ConfigError, match=word):
        RunConfig.from_json(text)


def test_json_holds_every_setting():
    values = json.loads(RunConfig().to_json())
    assert set(values) == {f.name for f in dataclasses.fields(RunConfig)}
    assert set(values["model"]) == {f.name for f in dataclasses.fields(ModelConfig)}
