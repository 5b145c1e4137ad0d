"""Pushing with the real client to a Hub on this machine; the token is seen by that alone."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from playground import runs
from playground.export.push import PushError, push_folder
from tests.hub_server import HubServer
from tests.kept_runs import char_run

TOKEN = "hf_a_token_of_my_own"


@pytest.fixture
def hub():
    with HubServer() as hub:
        hub.tokens[TOKEN] = "me"
        yield hub


def export(hub, tmp_path, *flags, token=TOKEN):
    environment = {**hub.environment(tmp_path), "PLAYGROUND_RUNS": str(tmp_path / "runs"), "HF_TOKEN": token}
    return subprocess.run(
        [sys.executable, "-m", "playground", "export", "--run", "kept", *flags],
        env=environment, cwd=runs.PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_run_is_pushed_and_opened_from_the_hub(hub, tmp_path):
    char_run(tmp_path / "runs", "kept")
    pushed = export(hub, tmp_path, "--out", str(tmp_path / "out"), "--push", "me/small")
    assert pushed.returncode == 0, pushed.stderr
    assert f"{hub.url}/me/small" in pushed.stdout
    files = hub.repos["models", "me/small"].branches["main"]
    for path in (tmp_path / "out").iterdir():
        assert files[path.name] == path.read_bytes()
    code = (
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        "tokenizer = AutoTokenizer.from_pretrained('me/small')\n"
        "model = AutoModelForCausalLM.from_pretrained('me/small')\n"
        "print(type(model).__name__, len(tokenizer('abc')['input_ids']))"
    )
    command = [sys.executable, "-c", code]
    opened = subprocess.run(
        command, env=hub.environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert opened.stdout.split() == ["ApertusForCausalLM", "3"]
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert not kept, "the token is kept nowhere"
    assert TOKEN not in pushed.stdout + pushed.stderr


def test_a_push_that_is_refused_says_why_without_the_token(hub, tmp_path):
    char_run(tmp_path / "runs", "kept")
    wrong = export(hub, tmp_path, "--push", "you/small")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "may not write to you/small" in wrong.stderr
    unknown = export(hub, tmp_path, "--push", "me/small", token="hf_unknown")
    assert unknown.returncode == 2
    assert "does not know this token" in unknown.stderr
    assert "hf_unknown" not in unknown.stderr
    assert "Traceback" not in wrong.stderr + unknown.stderr


def test_what_cant_be_pushed_is_said_before_the_hub_is_asked(tmp_path):
    with pytest.raises(PushError, match="USER/NAME"):
        push_folder(tmp_path, "no name", TOKEN)
    with pytest.raises(PushError, match="no token"):
        push_folder(tmp_path, "me/small", " ")


def test_the_export_command(command, tmp_path, monkeypatch):
    char_run(tmp_path / "runs", "kept")
    status, out, _ = command("export", "--run", "kept", "--out", str(tmp_path / "out"))
    assert status == 0
    assert "kept, step 0, is in" in out
    assert (Path(tmp_path) / "out" / "model.safetensors").is_file()
    assert "there already" in command("export", "--run", "kept", "--out", str(tmp_path / "out"))[2]
    archive = tmp_path / "kept.zip"
    assert command("export", "--run", "kept", "--out", str(archive))[0] == 0
    with zipfile.ZipFile(archive) as opened:
        assert "kept/model.safetensors" in opened.namelist()
    assert "there already" in command("export", "--run", "kept", "--out", str(archive))[2]
    assert "Say where to" in command("export", "--run", "kept")[2]
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    status, _, err = command("export", "--run", "kept", "--push", "me/small")
    assert status == 2
    assert "set HF_TOKEN" in err
