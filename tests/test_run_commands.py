import json

from tests.small_runs import make_run


def test_train_sample_and_runs(command, tmp_path, abab):
    flags = ["--tokenizer", "char", "--n-ctx", "8", "--d-model", "8", "--n-heads", "2", "--n-layers", "1"]
    flags += ["--steps", "4", "--threads", "1"]
    folder = tmp_path / "runs" / "a"
    status, out, _ = command("train", "--run", str(folder), "--text", abab, *flags, "--sample.prompts", "ab")
    assert status == 0
    assert str(folder) in out
    config = json.loads((folder / "config.json").read_text())
    assert config["model"]["d_mlp"] == 32, "derived widths follow the flags"
    assert config["command"].startswith("python -m playground train --run")
    status, out, _ = command("sample", "--run", "a", "--prompt", "ab", "--max-tokens", "5")
    assert (status, len(out.strip())) == (0, 7)
    assert "finished" in command("runs")[1]
    assert json.loads(command("runs", "--json")[1])[0]["state"] == "finished"
    status, _, err = command("train", "--run", str(folder), "--steps", "9")
    assert status == 2
    assert "--steps can't be changed" in err


def test_prepare(command, tmp_path, abab):
    folder = tmp_path / "runs" / "p"
    assert command("prepare", "--run", str(folder), "--text", abab, "--tokenizer", "byte")[0] == 0
    assert (folder / "baselines.json").is_file()


def test_a_run_without_a_checkpoint_is_named(command, tmp_path):
    make_run(tmp_path / "runs", "empty")
    status, _, err = command("sample", "--run", "empty")
    assert status == 2
    assert "no checkpoint yet" in err
