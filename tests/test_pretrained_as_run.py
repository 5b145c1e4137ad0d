"""A pretrained model as a run: the command makes one, and what opens runs opens it."""

import json

import pytest
import torch

from playground import runs
from playground.completion import complete
from playground.config import RunConfig, SampleConfig
from playground.inspection import score_tokens
from playground.loading import load_run
from playground.pretrained import PretrainedError, load_pretrained
from playground.pretrained.opening import open_as_run
from playground.reproduce import command_of
from playground.run_summary import summary_of
from tests.tiny_models import D_VOCAB, tiny_model


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = {kind: tmp_path_factory.mktemp(kind) for kind in ("qwen3", "opt", "gemma2")}
    for kind, folder in made.items():
        tiny_model(folder, kind, std=0.2, **({"dtype": "bfloat16"} if kind == "qwen3" else {}))
    return made


@pytest.mark.parametrize("kind", ["qwen3", "opt", "gemma2"])
def test_the_command_makes_a_run_that_is_opened_like_any(kind, folders, command, tmp_path):
    status, said, _ = command("import", "--hf", str(folders[kind]), "--run", str(tmp_path / "runs" / "mine"))
    run = tmp_path / "runs" / "mine"
    assert (status, said.splitlines()[1]) == (0, str(run))
    loaded = load_run(run)
    theirs, _ = load_pretrained(str(folders[kind]))
    tokens = loaded.tokenizer.encode("the cat sat on the mat")
    with torch.no_grad():
        logits = theirs(torch.tensor([tokens])).logits
        torch.testing.assert_close(loaded.model(torch.tensor([tokens])), logits, atol=1e-4, rtol=1e-4)
    expected = torch.nn.functional.cross_entropy(logits[0, :-1], torch.tensor(tokens[1:]), reduction="none")
    torch.testing.assert_close(score_tokens(loaded.model, tokens).loss, expected, atol=1e-3, rtol=1e-3)
    settings = SampleConfig(max_tokens=70, temperature=0.0)  # the context slides
    assert list(complete(loaded.model, loaded.tokenizer, tokens, settings))
    assert loaded.tokenizer.d_vocab == loaded.model.config.d_vocab == D_VOCAB
    found = summary_of(run)
    assert (found.state, found.step) == ("finished", 0)
    assert found.parameters == sum(p.numel() for p in theirs.parameters())
    assert command("sample", "--run", "mine", "--max-tokens", "3")[0] == 0
    with pytest.raises(runs.RunError, match="was opened, not trained"):
        runs.branch(run, 0, "branch")
    assert f"--start-from={folders[kind]}" in command_of(loaded.config)


def test_a_look_fetches_nothing_and_what_is_wrong_is_one_line(folders, command, tmp_path):
    status, said, _ = command("import", "--hf", str(folders["opt"]), "--look")
    assert (status, said.count("\n")) == (0, 1)
    assert "opt, 0.0M parameters" in said
    status, _, error = command("import", "--hf", str(tmp_path / "nothing"))
    assert (status, error.count("\n")) == (2, 1)
    assert not (tmp_path / "runs").exists()


def test_nothing_is_left_of_a_run_that_could_not_be_made(tmp_path):
    tiny_model(tmp_path / "small", vocab_size=200)
    with pytest.raises(PretrainedError, match="does not match its model"):
        open_as_run(str(tmp_path / "small"), tmp_path / "runs")
    assert runs.list_runs(tmp_path / "runs") == []


def test_the_context_can_be_chosen(folders, tmp_path):
    loaded = load_run(open_as_run(str(folders["qwen3"]), tmp_path, n_ctx=9))
    assert loaded.model.config.n_ctx == 9
    assert {p.dtype for p in loaded.model.parameters()} == {torch.float32}


def test_a_run_starts_from_a_model_by_a_flag(folders, command, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("the cat sat on the mat. " * 200)
    run = tmp_path / "runs" / "tuned"
    flags = ["--steps", "3", "--n-ctx", "16", "--batch-size", "2", "--eval-sequences", "2", "--threads", "1"]
    status, _, _ = command(
        "train", "--run", str(run), "--text", str(text), "--start-from", str(folders["opt"]), *flags
    )
    assert status == 0
    config = RunConfig.from_json((run / "config.json").read_text())
    assert (config.model.architecture, config.model.n_ctx, config.model.d_vocab) == ("hf", 16, D_VOCAB)
    assert json.loads(config.model.hf_config)["model_type"] == "opt"
    assert load_run(run).step == 3
