"""Runs that start from another run's checkpoint: memorising a string, with all weights and with LoRA."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch

from playground import runs
from playground.checkpoint import _read_tensors
from playground.config import ConfigError, DataConfig, OptimConfig, RunConfig, TrainConfig
from playground.corpora.catalogue import STRING
from playground.loading import load_run
from playground.lora import check_pretrained
from playground.presets import preset
from playground.run_start import find_start, settle_run_start, shape_of_start
from playground.sources import create_run
from playground.ui.monitor.lines import baseline_lines
from playground.worker import work

DEMO = Path(__file__).parent.parent / "checkpoints" / "demo"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A folder of runs with the one that comes along."""
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path))
    shutil.copytree(DEMO, tmp_path / "demo")
    return tmp_path


def memorise(root, name, **train):
    """Train the preset, and return its folder and its records."""
    config = preset("memorise").config
    settings = dataclasses.replace(config.train, threads=1, check_memory=False, **train)
    run = create_run(root, name, dataclasses.replace(config, train=settings))
    assert work(run) == 0
    return run, [r for r in runs.read_metrics(run)[0] if "val_loss" in r]


def predictions(loaded):
    """Return the text, and what the model expects at each of its tokens."""
    end, ids = loaded.tokenizer.end_id, loaded.tokenizer.encode(STRING)
    with torch.no_grad():
        expected = loaded.model(torch.tensor([[end, *ids]]))[0].argmax(dim=-1)
    return [*ids, end], expected.tolist()


@pytest.mark.parametrize("train", [{}, {"lora_rank": 8, "lora_alpha": 32.0}], ids=["all", "lora"])
def test_a_string_is_memorised_and_the_predictions_become_it(root, train):
    run, evaluated = memorise(root, "m", **train)
    baselines = json.loads((run / "baselines.json").read_text())
    assert baselines["pretrained"] == evaluated[0]["val_loss"] > 4
    line = next(line for line in baseline_lines(baselines) if line["name"] == "pretrained")
    assert (line["kind"], line["label"]) == ("held_out", "pretrained")
    assert evaluated[-1]["val_loss"] < 0.1 < 1
    loaded = load_run(run)
    assert loaded.config.data.tokenizer == "run:demo"
    assert loaded.config.start_revision == str(find_start("run:demo")[1])
    wanted, expected = predictions(loaded)
    assert expected == wanted
    samples = [json.loads(line) for line in (run / "samples.jsonl").read_text().splitlines()]
    first, last = (sample["prompt"] + sample["completion"] for sample in (samples[0], samples[-1]))
    assert first != last == STRING
    assert not any("lora_" in name for name, _ in loaded.model.named_parameters())


def test_with_lora_a_checkpoint_holds_the_frozen_weights_and_goes_on_exactly(root):
    run, evaluated = memorise(root, "m", steps=20, checkpoint_every=10, lora_rank=4)
    frozen = load_run(root / "demo").model.state_dict()
    tensors = _read_tensors(runs.checkpoint_folder(run, 20) / "model.safetensors")
    base = {name.replace(".base_layer.", "."): t for name, t in tensors.items() if "lora_" not in name}
    assert base.keys() == frozen.keys()
    assert all(torch.equal(base[name], frozen[name]) for name in frozen)
    shutil.rmtree(runs.checkpoint_folder(run, 20))
    shutil.rmtree(root / "demo")  # nothing of it is needed any more
    assert work(run, resume=True) == 0
    again = _read_tensors(runs.checkpoint_folder(run, 20) / "model.safetensors")
    assert all(torch.equal(again[name], tensors[name]) for name in tensors)
    assert [r["val_loss"] for r in runs.read_metrics(run)[0] if "val_loss" in r] == [
        r["val_loss"] for r in evaluated
    ]


def test_one_s_own_string_is_memorised_from_scratch_too(root):
    data = DataConfig(corpus="memorise", string="abc\\nabd", tokenizer="char", batches="padded")
    config = RunConfig(
        model=dataclasses.replace(RunConfig().model.underived(), d_model=32, n_layers=1, n_ctx=16),
        data=data,
        optim=OptimConfig(lr=2e-2, lr_min=0.0, warmup_steps=2),
        train=TrainConfig(steps=60, batch_size=2, eval_every=60, checkpoint_every=60, threads=1),
    )
    run = create_run(root, "own", config)
    assert work(run) == 0
    assert runs.read_metrics(run)[0][-1]["val_loss"] < 0.1
    assert "pretrained" not in json.loads((run / "baselines.json").read_text())
    assert load_run(run).tokenizer.decode(load_run(run).tokenizer.encode("abc\nabd")) == "abc\nabd"


def test_shape_tokenizer_and_step_are_those_of_the_run(root):
    step = find_start("run:demo")[1]
    config = settle_run_start(preset("memorise").config)
    assert config.model == shape_of_start("run:demo")
    assert (config.data.tokenizer, config.start_revision) == ("run:demo", str(step))
    assert shape_of_start("run:demo", 32).n_ctx == 32
    assert shape_of_start("run:demo", 10_000).n_ctx == shape_of_start("run:demo").n_ctx
    assert find_start(f"run:demo@{step}") == (root / "demo", step)


@pytest.mark.parametrize(
    ("start", "said"),
    [("run:nobody", "no run named 'nobody'"), ("run:demo@7", "no such checkpoint"), ("run:", "no run")],
)
def test_a_start_that_there_is_not_is_said_in_a_sentence(root, start, said):
    with pytest.raises(ConfigError, match=said) as raised:
        find_start(start)
    assert "\n" not in str(raised.value)


def test_adapters_need_something_pretrained_and_an_optimizer_that_suits_them():
    train = TrainConfig(lora_rank=4)
    with pytest.raises(ConfigError, match="name a pretrained one with start_from"):
        check_pretrained(RunConfig(train=train))
    with pytest.raises(ConfigError, match="choose adamw"):
        check_pretrained(
            RunConfig(train=train, start_from="run:demo", optim=OptimConfig(optimizer="muon", lr_min=0.0))
        )
    check_pretrained(RunConfig(train=train, start_from="run:demo"))
