"""The settings form: complete, its changes become a config, and what is wrong is told at its control."""

import dataclasses
import json
import re

import pytest

from playground.config import ConfigError, ModelConfig
from playground.config.docs import field_docs
from playground.presets import PRESETS, preset
from playground.ui.settings.component import derived_values, look, read_settings, settings_value
from playground.ui.settings.markup import form_html
from playground.ui.settings.table import DERIVED, ELSEWHERE, GROUPS, PARTS, SETTINGS
from playground.ui.settings.values import changed_config, problems, values_of

FAST = preset("fast").config


def test_every_field_of_the_configs_has_a_control():
    fields = {f"{part}.{f.name}" for part, config in PARTS.items() for f in dataclasses.fields(config)}
    assert fields == set(SETTINGS) | ELSEWHERE
    assert len(SETTINGS) == sum(len(group.settings) for group in GROUPS)


@pytest.mark.parametrize("config", PARTS.values())
def test_every_field_has_one_text_and_it_is_the_one_of_the_command_line(config):
    docs = field_docs(config)
    assert set(docs) == {f.name for f in dataclasses.fields(config)}
    assert all(text[-1] in ".;" and "\n" not in text for text in docs.values())


def test_a_control_has_the_kind_and_the_choices_of_its_field():
    assert SETTINGS["model.norm"].choices == ("layernorm", "rmsnorm")
    kinds = {"model.bias": "bool", "optim.lr": "float", "train.steps": "int", "sample.prompts": "lines"}
    assert {key: SETTINGS[key].kind for key in kinds} == kinds
    assert SETTINGS["train.loggers"].kind == "text"
    assert SETTINGS["model.n_ctx"].help == field_docs(ModelConfig)["n_ctx"]


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.key)
def test_what_a_setting_needs_is_a_value_of_another(setting):
    key, _, values = setting.needs.partition("=")
    assert not setting.needs or set(values.split(",")) <= set(SETTINGS[key].choices)


def test_the_form_has_a_label_and_a_description_for_every_control():
    page = form_html()
    for key in SETTINGS:
        name = f"set-{key.replace('.', '-')}"
        assert f'<label for="{name}"' in page
        assert f'id="{name}-help"' in page
    assert not re.search(r"[{}$`\\]", page), "a template would take it for a place to fill in"


@pytest.mark.parametrize("name", PRESETS)
def test_what_a_preset_puts_into_the_form_makes_that_preset(name):
    config = PRESETS[name].config
    assert changed_config(config, values_of(config)) == config
    assert problems(config, values_of(config)) == {}


def test_widths_follow_unless_they_are_set():
    config = changed_config(FAST, {"model.d_model": 64})
    assert (config.model.d_mlp, config.model.d_head) == (256, 16)
    assert changed_config(FAST, {"model.d_model": 64, "model.d_mlp": 100}).model.d_mlp == 100


def test_other_rates_keep_their_proportion_to_the_learning_rate_unless_they_are_set():
    base = preset("characters").config
    optim = changed_config(base, {"optim.lr": 1e-4}).optim
    assert optim.lr_min / optim.lr == pytest.approx(base.optim.lr_min / base.optim.lr)
    assert changed_config(FAST, {"optim.lr": 0.002}).optim.muon_lr == pytest.approx(0.004)
    assert changed_config(FAST, {"optim.lr": 0.002, "optim.muon_lr": 0.1}).optim.muon_lr == 0.1


def test_lines_become_texts_and_empty_ones_are_left_out():
    config = changed_config(FAST, {"sample.prompts": ["Once", "  ", "The cat"]})
    assert config.sample.prompts == ("Once", "The cat")


@pytest.mark.parametrize(
    ("changes", "marked", "words"),
    [
        ({"model.d_model": 100, "model.n_heads": 3}, {"model.d_model", "model.n_heads"}, "divided"),
        ({"model.n_layers": None}, {"model.n_layers"}, "Layers is empty"),
        ({"train.steps": 1.5}, {"train.steps"}, "whole number"),
        ({"optim.lr": -1}, {"optim.lr"}, "lr"),
        ({"train.batch_size": 0}, {"train.batch_size"}, "at least 1"),
        ({"optim.lr_min": 1}, {"optim.lr_min", "optim.lr"}, "must not exceed"),
        ({"optim.beta1": 1}, {"optim.beta1"}, "under 1"),
        ({"train.loggers": "paper"}, {"train.loggers"}, "paper"),
        ({"sample.stop": [""], "sample.top_p": 2}, {"sample.top_p"}, "from 0 to 1"),
    ],
)
def test_what_can_not_work_is_told_at_its_control(changes, marked, words):
    found = problems(FAST, changes)
    assert set(found) == marked
    assert all(words in sentence for sentence in found.values())
    with pytest.raises(ConfigError, match=re.escape(next(iter(found.values())))):
        changed_config(FAST, changes)


def test_two_wrong_settings_are_both_told():
    assert set(problems(FAST, {"train.steps": None, "optim.lr": 0})) == {"train.steps", "optim.lr"}


def test_the_page_is_told_what_follows():
    state = settings_value("fast", {"optim.lr": 0.002, "model.d_model": 64})
    answer = json.loads(look(json.loads(state)))
    assert answer["errors"] == {}
    assert answer["derived"]["model.d_mlp"] == 256
    assert answer["derived"]["optim.muon_lr"] == pytest.approx(0.004)
    assert "<svg" in answer["schedule"]
    assert set(derived_values(FAST)) >= DERIVED


def test_a_wrong_setting_is_told_in_place_of_a_picture():
    answer = json.loads(look({"preset": "fast", "changes": {"train.steps": 0}}))
    assert set(answer["errors"]) == {"train.steps"}
    assert answer["schedule"] == ""


def test_settings_that_there_are_not_are_left_out():
    assert read_settings(settings_value("fast", {"optim.magic": 1, "optim.lr": 1})) == (
        "fast",
        {"optim.lr": 1},
    )
