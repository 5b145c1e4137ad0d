"""The command line in process: what it prints, and how it ends."""

import json
import re

import pytest

from playground.cli import main
from playground.cli.arguments import one_sentence
from tests.small_runs import make_run


@pytest.fixture(autouse=True)
def _runs_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_RUNS", str(tmp_path / "runs"))


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "own.txt"
    path.write_text("abab" * 200)
    return str(path)


def run(capsys, *argv):
    status = main(list(argv))
    said = capsys.readouterr()
    return status, said.out, said.err


def test_baselines_as_json(capsys, text):
    status, out, _ = run(capsys, "baselines", "--text", text, "--tokenizer", "char", "--json")
    values = json.loads(out)
    assert status == 0
    assert values["uniform"] == pytest.approx(values["unigram"]) == pytest.approx(0.6931, abs=1e-3)
    assert values["bigram"] == 0
    assert set(values) >= {"uniform", "unigram", "bigram", "trigram", "held_out", "floor"}


def test_baselines_as_a_table(capsys, text):
    status, out, err = run(capsys, "baselines", "--text", text, "--tokenizer", "char")
    assert status == 0
    assert re.search(r"unigram +0\.693\d +0\.69", out)
    assert "counting" in err


def test_tokenize_and_corpora(capsys, text):
    _, out, err = run(capsys, "tokenize", "--text", text, "--tokenizer", "char", "--input", "abx", "--json")
    assert [row["bytes"] for row in json.loads(out)] == ["61", "62"]
    assert "'x'" in err
    assert "toy-stories" in run(capsys, "corpora")[1]
    assert {row["name"] for row in json.loads(run(capsys, "corpora", "--json")[1])} >= {"toy-stories"}


def test_train_sample_and_runs(capsys, tmp_path, text):
    flags = ["--tokenizer", "char", "--n-ctx", "8", "--d-model", "8", "--n-heads", "2", "--n-layers", "1"]
    flags += ["--steps", "4", "--threads", "1"]
    folder = tmp_path / "runs" / "a"
    status, out, _ = run(
        capsys, "train", "--run", str(folder), "--text", text, *flags, "--sample.prompts", "ab"
    )
    assert status == 0
    assert str(folder) in out
    config = json.loads((folder / "config.json").read_text())
    assert config["model"]["d_mlp"] == 32, "derived widths follow the flags"
    assert config["command"].startswith("python -m playground train --run")
    status, out, _ = run(capsys, "sample", "--run", "a", "--prompt", "ab", "--max-tokens", "5")
    assert (status, len(out.strip())) == (0, 7)
    assert "finished" in run(capsys, "runs")[1]
    assert json.loads(run(capsys, "runs", "--json")[1])[0]["state"] == "finished"
    status, _, err = run(capsys, "train", "--run", str(folder), "--steps", "9")
    assert status == 2
    assert "--steps can't be changed" in err


def test_prepare_and_estimate(capsys, tmp_path, text):
    folder = tmp_path / "runs" / "p"
    assert run(capsys, "prepare", "--run", str(folder), "--text", text, "--tokenizer", "byte")[0] == 0
    assert (folder / "baselines.json").is_file()
    status, out, _ = run(capsys, "estimate", "--d-vocab", "50257", "--d-model", "64")
    assert status == 0
    assert re.search(r"embedding +3,216,448", out)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], []),
        (["nope"], ["nope", "train"]),
        (["train", "--d-model", "x"], ["d-model", "'x'"]),
        (["train", "--foo", "3"], ["--foo"]),
        (["train", "--preset", "nope"], ["preset", "nope"]),
        (["train", "--d-model", "65"], ["d_model (65)", "n_heads"]),
        (["train", "--lr", "-1"], ["lr", "-1"]),
        (["train", "--text", "/no/such/file.txt", "--run", "{tmp}/r"], ["/no/such/file.txt"]),
        (["train", "--run", "{tmp}/none", "--resume"], ["nothing to resume"]),
        (["baselines", "--corpus", "nope"], ["nope", "toy-stories"]),
        (["baselines", "--tokenizer", "nope"], ["nope", "bpe"]),
        (["sample", "--run", "nope"], ["nope"]),
        (["sample", "--run", "nope", "--temperature", "-1"], ["temperature", "-1"]),
        (["runs", "--stop", "nope"], ["nope"]),
    ],
)
def test_bad_arguments_end_with_one_line_and_status_2(capsys, tmp_path, argv, words):
    status, out, err = run(capsys, *(word.replace("{tmp}", str(tmp_path)) for word in argv))
    if argv[:2] == ["train", "--text"]:
        assert status == 1, "the run says why it failed"
        assert words[0] in out + err
        return
    assert status == 2
    last = err.strip().splitlines()[-1] if words else ""
    assert "Traceback" not in err
    assert all(word in last for word in words), err


@pytest.mark.parametrize("command", ["train", "sample", "runs", "baselines", "tokenize", "corpora", "bench"])
def test_help_everywhere(capsys, command):
    try:
        status = main([command, "--help"])
    except SystemExit as stop:
        status = stop.code or 0
    assert status == 0
    assert command in capsys.readouterr().out
    assert main(["--help"]) == 0


def test_a_run_without_a_checkpoint_is_named(capsys, tmp_path):
    make_run(tmp_path / "runs", "empty")
    status, _, err = run(capsys, "sample", "--run", "empty")
    assert status == 2
    assert "no checkpoint yet" in err


def test_one_sentence_out_of_a_frame():
    assert one_sentence("╭─ Error ─╮\n│ Bad thing │\n│ ───────── │\n│ help      │\n╰───╯") == "Bad thing"
    assert one_sentence("Error\n -----\n Bad thing\n -----\n help\n") == "Bad thing"
    assert one_sentence("plain") == "plain"
