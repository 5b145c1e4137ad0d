import dataclasses
import json
import math

import pytest

from playground import presets, runs
from playground.accounting import count_parameters
from playground.config import ConfigError
from playground.experiments import EXPERIMENTS, experiment
from playground.files import write_json_atomic
from playground.run_summary import summary_of
from playground.runs import queue
from playground.sweeps import changed, free_group, group_table, launch, parse_vary, variants

TINY = presets.preset("tiny").config


@pytest.fixture
def waiting(monkeypatch):
    """Let every run wait."""
    monkeypatch.setattr(queue, "slots", lambda: 0)


def test_values_are_read_from_text():
    assert parse_vary("lr=1e-3, 3e-3,1e-3") == ("lr", ["1e-3", "3e-3"])
    assert parse_vary("--n-layers=1,2") == ("n_layers", ["1", "2"])


@pytest.mark.parametrize(
    "text", ["lr", "lr=", "=1", "nothing=1", "prompts=a", "temperature=1", "", "d_model"]
)
def test_what_is_no_list_of_values_is_refused(text):
    with pytest.raises(ConfigError):
        parse_vary(text)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"n_layers": "one"}, ["n_layers", "whole number", "'one'"]),
        ({"n_layers": "1.5"}, ["n_layers", "1.5"]),
        ({"lr": "x"}, ["lr", "'x'"]),
        ({"bias": "maybe"}, ["bias", "yes or no"]),
        ({"optimizer": "adam"}, ["optimizer", "adam"]),
        ({"n_heads": "3"}, ["n_heads (3)"]),
        ({"lr": "nan"}, ["lr"]),
        ({"lr": "0"}, ["lr"]),
    ],
)
def test_a_value_that_can_not_be_is_named(values, words):
    with pytest.raises(ConfigError) as error:
        changed(TINY, values)
    assert all(word in str(error.value) for word in words), error.value


def test_a_sweep_is_every_combination():
    found = variants(TINY, {"lr": ["1e-3", "1e-2"], "n_layers": ["1", "2", "3"]})
    assert [(v.config.optim.lr, v.config.model.n_layers) for v in found] == [
        (lr, n) for lr in (1e-3, 1e-2) for n in (1, 2, 3)
    ]
    assert found[0].label == "lr 1e-3, n_layers 1"
    with pytest.raises(ConfigError, match="37"):
        variants(TINY, {"seed": [str(n) for n in range(37)]})
    with pytest.raises(ConfigError, match="1 to 36"):
        variants(TINY, {})


def test_what_follows_a_setting_follows_it():
    assert changed(TINY, {"lr": "1e-3"}).optim.lr_min == pytest.approx(1e-4)
    assert changed(TINY, {"lr": "1e-3", "lr_min": "1e-3"}).optim.lr_min == 1e-3
    assert changed(TINY, {"d_model": "128"}).model.d_mlp == 512


def test_an_lstm_has_as_many_parameters_as_the_transformer():
    lstm = changed(TINY, {"n_layers": "2", "architecture": "lstm"}).model
    transformer = changed(TINY, {"n_layers": "2"}).model
    sizes = [count_parameters(dataclasses.replace(m, d_vocab=512))["total"] for m in (lstm, transformer)]
    assert lstm.architecture == "lstm"
    assert math.isclose(*sizes, rel_tol=0.01)


def test_a_group_is_made_queued_and_titled(tmp_path, waiting):
    made = launch(tmp_path, "rates", variants(TINY, {"lr": ["1e-3", "1e-2"]}))
    assert runs.waiting_runs(tmp_path) == made
    assert runs.group_runs(tmp_path, "rates") == made
    assert runs.read_meta(made[0]).title == "rates: lr 1e-3"
    command = json.loads((made[0] / "config.json").read_text())["command"]
    assert command == "python -m playground train --preset tiny --lr=0.001 --muon-lr=0.005 --lr-min=0.0001"
    again = launch(tmp_path, "rates", variants(TINY, {"lr": ["1e-3"]}))
    assert runs.read_meta(again[0]).group == "rates 2" != free_group(tmp_path, "rates")


def test_a_group_that_can_not_be_made_leaves_no_run(tmp_path, waiting):
    def make(root, name, config):
        if config.optim.lr > 5e-3:
            raise ValueError("no room")
        return runs.create(root, name, config.to_json())

    with pytest.raises(ValueError, match="no room"):
        launch(tmp_path, "rates", variants(TINY, {"lr": ["1e-3", "1e-2"]}), make)
    assert runs.list_runs(tmp_path) == []


def test_the_table_has_the_best_first_in_bits_per_byte(tmp_path, waiting):
    made = launch(tmp_path, "cuts", variants(TINY, {"tokenizer": ["char", "bpe:300", "byte"]}))
    for run, loss, size in zip(made[:2], (1.4, 2.1), (1.0, 2.0), strict=True):
        write_json_atomic(run / "status.json", {"state": "finished", "best_val_loss": loss})
        held_out = {"unigram": 3.0, "bigram": 1.5}
        write_json_atomic(run / "baselines.json", {"bytes_per_token": size, "held_out": held_out})
    table = group_table(tmp_path, "cuts")
    assert table.settings == ["tokenizer"]
    assert [values for _, values in table.rows] == [["bpe:300"], ["char"], ["byte"]]
    best = table.rows[0][0]
    assert best.bits_per_byte == pytest.approx(2.1 / math.log(2) / 2)
    assert best.above_ngram == pytest.approx(0.6)
    assert table.rows[2][0].bits_per_byte is None


def test_garbled_files_give_a_summary_without_figures(tmp_path):
    run = runs.create(tmp_path, "a", "{")
    write_json_atomic(run / "status.json", {"state": "finished", "best_val_loss": "x", "step": None})
    write_json_atomic(run / "baselines.json", {"held_out": [1], "bytes_per_token": "x"})
    found = summary_of(run)
    assert (found.config, found.best_val_loss, found.bits_per_byte, found.step) == (None, None, None, 0)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_is_of_runs_that_can_be_made(name):
    chosen = experiment(name)
    found = chosen.variants()
    assert len({v.config.to_json() for v in found}) == len({v.label for v in found}) == len(chosen.runs) >= 2


def test_an_experiment_that_is_none_is_named():
    with pytest.raises(ConfigError, match="lstm-transformer"):
        experiment("x")


def test_the_command_line(command, tmp_path, waiting):
    status, out, _ = command(
        "sweep", "--preset", "tiny", "--steps", "5", "--vary", "lr=1e-3,1e-2", "--vary=n_layers=1,2"
    )
    assert status == 0
    assert "4 runs" in out
    group = "sweep of lr and n_layers"
    rows = command("runs", "--group", group)[1].splitlines()
    assert rows[0].split()[:3] == ["n_layers", "lr", "loss"]
    assert len(rows) == 5
    assert all("queued" in row for row in rows[1:])
    for argv in (
        ["sweep"],
        ["sweep", "--vary", "x=1"],
        ["sweep", "--experiment", "x"],
        ["runs", "--group", "x"],
    ):
        assert command(*argv)[0] == 2
    assert command("sweep", "--experiment", "optimizers")[0] == 0
    name = runs.waiting_runs(tmp_path / "runs")[-1].name
    assert "Muon" in name
    assert command("runs", "--first", name)[0] == 0
    assert runs.waiting_runs(tmp_path / "runs")[0].name == name
    assert "--optimizer=muon" in command("runs", "--command", name)[1]
    assert "optimizer='muon'" in command("runs", "--script", name)[1]
    assert command("runs", "--cancel", name)[0] == 0
    assert command("runs", "--cancel", name)[0] == 2
    assert command("runs", "--delete", name)[0] == 0
    assert command("runs", "--restore", name)[0] == 0
    assert command("runs", "--title", name, "T", "--note", name, "N")[0] == 0
    assert runs.read_meta(tmp_path / "runs" / name).title == "T"


def test_help_names_its_own_flags_and_the_experiments(command):
    status, out, _ = command("sweep", "--help")
    assert status == 0
    assert all(flag in out for flag in ("--vary", "--experiment", "--group", "--wait", "learning-rates"))
