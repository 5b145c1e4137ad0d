import json
import re

import pytest

from playground.accounting import save_machine
from playground.cli import main
from tests.accounting_parts import a_machine

XL = ["estimate", "--preset", "gpt2-xl", "--precision", "float32"]


@pytest.fixture(autouse=True)
def _measured(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path))
    save_machine(a_machine())


def test_the_questions_of_the_course(capsys):
    assert main([*XL, "--memory-gb", "80", "--tflops", "19.5", "--mfu", "0.5"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"total +1,557,611,200", out)
    assert re.search(r"weights +6.23 GB", out)
    assert re.search(r"optimizer +12.5 GB", out)
    assert re.search(r"largest batch +10\b", out)
    assert re.search(r"400,000 steps +5,\d\d\d\.\d days", out)


def test_json_holds_the_same(capsys):
    assert main(["estimate", "--preset", "arena", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["parameters"]["total"] == 27_377_152
    assert found["fits"]
    assert found["step_seconds"] > 0
    assert found["largest_batch"] >= 16


def test_what_can_not_fit_says_what_would(capsys):
    assert main([*XL, "--memory-gb", "24"]) == 1
    assert "layers with a batch of 1 fit" in capsys.readouterr().out


def test_a_vocabulary_that_is_learned_is_counted(tmp_path, capsys):
    text = tmp_path / "text.txt"
    text.write_text("abcab " * 200)
    assert main(["estimate", "--text", str(text), "--tokenizer", "char", "--d-model", "64"]) == 0
    assert re.search(rf"embedding +{4 * 64}\n", capsys.readouterr().out)


def test_a_share_of_an_unknown_peak_is_refused(capsys):
    assert main(["estimate", "--mfu", "0.5"]) == 2
    assert "--tflops" in capsys.readouterr().err
