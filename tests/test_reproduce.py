import dataclasses
import json
import os
import shlex
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground import presets, runs, worker
from playground.cli.run_folders import new_config, train_args
from playground.config import ConfigError, RunConfig
from playground.config_difference import config_difference, setting_words
from playground.reproduce import command_of, script_of
from tests.small_runs import TEXT, small_config

CHANGES = {
    "model": {
        "n_layers": st.integers(1, 9),
        "d_mlp": st.integers(1, 999),
        "bias": st.booleans(),
        "norm": st.sampled_from(["layernorm", "rmsnorm"]),
        "architecture": st.just("lstm"),
    },
    "data": {
        "tokenizer": st.sampled_from(["char", "bpe:300", "alphabet:-a b'"]),
        "max_bytes": st.integers(0, 9),
    },
    "optim": {
        "optimizer": st.sampled_from(["sgd", "muon"]),
        "lr": st.floats(1e-2, 9),
        "warmup_steps": st.integers(0, 9),
    },
    "train": {"steps": st.integers(1, 10**6), "loggers": st.sampled_from(["", "wandb,trackio"])},
    "sample": {
        "prompts": st.lists(st.text(alphabet="ab 'ü\n", min_size=1), max_size=3).map(tuple),
        "temperature": st.floats(0, 2),
    },
}


@st.composite
def configs(draw):
    config = presets.preset(draw(st.sampled_from(["fast", "tiny", "characters", "course-lstm"]))).config
    for part, fields in CHANGES.items():
        chosen = draw(st.sets(st.sampled_from(sorted(fields))))
        old = getattr(config, part)
        old = old.underived() if part == "model" else old
        new = dataclasses.replace(old, **{name: draw(fields[name]) for name in sorted(chosen)})
        config = dataclasses.replace(config, **{part: new})
    return config


@settings(max_examples=25, deadline=None)
@given(configs())
def test_the_command_line_means_the_same_run(config):
    argv = shlex.split(command_of(config))
    assert argv[:4] == ["python", "-m", "playground", "train"]
    assert new_config(train_args(argv[4:], "train"), "") == config


def test_a_command_line_names_what_differs_and_nothing_else():
    config = presets.preset("tiny").config
    assert command_of(config) == "python -m playground train --preset tiny"
    known = dataclasses.replace(config.model, d_vocab=512)
    prompts = ("Once upon a time",)
    ran = dataclasses.replace(config, model=known, sample=dataclasses.replace(config.sample, prompts=prompts))
    assert "--d-vocab" not in command_of(ran), "the text decides the vocabulary"


def test_a_branch_is_named_by_its_origin(tmp_path, monkeypatch):
    config = dataclasses.replace(small_config(), origin="first@20")
    argv = shlex.split(command_of(config))[4:]
    assert argv[:4] == ["--from", "first", "--from-step", "20"]
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path))
    other = small_config(steps=99, seed=5)
    runs.create(tmp_path, "first", other.to_json())
    read = train_args(argv, "train")
    assert (read.optim, read.train, read.sample) == (config.optim, config.train, config.sample)
    with pytest.raises(ConfigError, match="first@20"):
        script_of(config)


def test_the_script_trains_the_same_model(tmp_path):
    """The script's losses and weights against those of a worker."""
    config = dataclasses.replace(small_config(steps=10), preset="tiny")
    run = runs.create(tmp_path, "a", config.to_json())
    (run / "text.txt").write_text(TEXT)
    assert worker.work(run) == worker.DONE
    left = RunConfig.from_json((run / "config.json").read_text())
    text = script_of(left, 'A "quoted"\nname\\')
    assert len(text.splitlines()) < 40
    script = tmp_path / "again" / "script.py"
    script.parent.mkdir()
    script.write_text(text)
    (script.parent / "text.txt").write_text(TEXT)
    environment = {**os.environ, "PYTHONPATH": str(runs.PROJECT)}
    said = subprocess.run(
        [sys.executable, str(script)], check=True, capture_output=True, text=True, env=environment
    ).stdout
    wanted = [r for r in runs.read_metrics(run)[0] if "val_loss" in r]
    assert said.split() == [
        word for r in wanted for word in f"step {r['step']} validation loss {r['val_loss']:.4f}".split()
    ]
    weights = [
        folder / "model.safetensors"
        for folder in (runs.checkpoint_folder(run, 10), script.with_suffix(".checkpoint"))
    ]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_differences():
    tiny = presets.preset("tiny").config
    other = json.loads(tiny.to_json())
    other["optim"]["lr"], other["model"]["bias"], other["command"] = 0.5, True, "x"
    found = config_difference([tiny, RunConfig.from_json(json.dumps(other)), tiny])
    assert [(d.part, d.name, d.values) for d in found] == [
        ("model", "bias", (False, True, False)),
        ("optim", "lr", (8e-3, 0.5, 8e-3)),
    ]
    assert [setting_words(v) for v in (True, 8e-3, (), ("a",), "", 3)] == [
        "yes",
        "0.008",
        "–",
        "'a'",
        "–",
        "3",
    ]
    assert config_difference([tiny]) == config_difference([]) == []
