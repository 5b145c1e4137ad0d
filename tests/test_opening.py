"""Pretrained models opened as runs: the same logits as transformers, found again, refused in a sentence."""

import re

import pytest
import torch

from playground import runs
from playground.config import RunConfig, SampleConfig
from playground.inspection import read_padded, score_tokens
from playground.limits import LimitError
from playground.loading import load_run
from playground.pretrained import PretrainedError
from playground.pretrained.opening import OPENED, open_as_run
from playground.sampling import generate
from tests.tiny_models import D_VOCAB, tiny_model


@pytest.mark.parametrize("kind", ["gpt2", "qwen3", "opt"])
def test_an_opened_model_is_a_run_with_the_same_logits(kind, tmp_path):
    theirs = tiny_model(tmp_path / "model", kind, std=0.3)
    run = open_as_run(str(tmp_path / "model"), tmp_path / "runs")
    assert run.name == "model"
    assert runs.status(run)["state"] == "finished"
    assert runs.status(run)["reason"] == OPENED
    loaded = load_run(run)
    tokens = loaded.tokenizer.encode("the cat sat on the mat.")
    with torch.no_grad():
        expected = theirs(torch.tensor([tokens])).logits
        torch.testing.assert_close(loaded.model(torch.tensor([tokens])), expected, atol=1e-5, rtol=1e-5)
    loss = torch.nn.functional.cross_entropy(expected[0, :-1], torch.tensor(tokens[1:]))
    assert float(score_tokens(loaded.model, tokens).loss.mean()) == pytest.approx(float(loss), abs=1e-5)
    assert read_padded(loaded.model, [tokens, tokens[:3]], 0, "left").masked.difference < 1e-4
    greedy = [d.token for d in generate(loaded.model, tokens, SampleConfig(max_tokens=8, temperature=0))]
    with torch.no_grad():
        expected = theirs.generate(
            torch.tensor([tokens]), attention_mask=torch.ones(1, len(tokens), dtype=torch.long),
            do_sample=False, max_new_tokens=8, min_new_tokens=8, eos_token_id=None, pad_token_id=0,
        )  # fmt: skip
    assert greedy == expected[0, len(tokens) :].tolist()


def test_every_id_of_the_model_can_be_shown(tmp_path):
    tiny_model(tmp_path / "model")
    tokenizer = load_run(open_as_run(str(tmp_path / "model"), tmp_path / "runs")).tokenizer
    assert tokenizer.d_vocab == D_VOCAB
    labels = [tokenizer.label(token) for token in range(D_VOCAB)]
    assert labels[-1] == f"<|unused {D_VOCAB - 1}|>"
    assert tokenizer.decode([D_VOCAB - 1]) == ""
    assert labels[0] == "<|end|>"


def test_what_cannot_be_opened_leaves_nothing_behind(tmp_path):
    tiny_model(tmp_path / "model")
    weights = tmp_path / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    for name, said in (
        (str(tmp_path / "model"), "model"),
        ("", "Name a model"),
        ("no such/../x", "no folder"),
    ):
        with pytest.raises(PretrainedError, match=said):
            open_as_run(name, tmp_path / "runs")
    assert runs.list_runs(tmp_path / "runs") == []
    tiny_model(tmp_path / "other")

    def cancel(phase, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_as_run(str(tmp_path / "other"), tmp_path / "runs", cancel)
    assert [path for path in (tmp_path / "runs").rglob("*") if path.is_file()] == []


def test_where_strangers_share_it_no_folder_is_opened_and_nothing_large(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_PUBLIC", "1")
    tiny_model(tmp_path / "model")
    for name in (str(tmp_path / "model"), str(tmp_path / "absent"), "~"):
        with pytest.raises(LimitError, match=f"^{re.escape(name)} of the Hub is not on the list here"):
            open_as_run(name, tmp_path / "runs")
    monkeypatch.setenv("PLAYGROUND_HUB", "*")
    monkeypatch.setenv("PLAYGROUND_RUN_MEGABYTES", "1")
    tiny_model(tmp_path / "large", n_embd=256)
    with pytest.raises(LimitError, match="in megabytes is"):
        open_as_run(str(tmp_path / "large"), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_config_of_an_opened_model_names_where_it_came_from(tmp_path):
    tiny_model(tmp_path / "model")
    first, second = (open_as_run(str(tmp_path / "model"), tmp_path / "runs") for _ in range(2))
    assert (first.name, second.name) == ("model", "model-2"), "a folder may hold another model by now"
    config = RunConfig.from_json((first / "config.json").read_text())
    assert config.start_from == str(tmp_path / "model")
    assert config.data.tokenizer == f"hf:{tmp_path / 'model'}"
