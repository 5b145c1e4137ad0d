import json
import re

import pytest


def test_baselines_as_json(command, abab):
    status, out, _ = command("baselines", "--text", abab, "--tokenizer", "char", "--json")
    values = json.loads(out)
    assert status == 0
    assert values["uniform"] == pytest.approx(values["unigram"]) == pytest.approx(0.6931, abs=1e-3)
    assert values["bigram"] == 0
    assert set(values) >= {"uniform", "unigram", "bigram", "trigram", "held_out", "floor"}


def test_baselines_as_a_table(command, abab):
    status, out, err = command("baselines", "--text", abab, "--tokenizer", "char")
    assert status == 0
    assert re.search(r"unigram +0\.693\d +0\.69", out)
    assert "counting" in err


def test_tokenize_and_corpora(command, abab):
    _, out, err = command("tokenize", "--text", abab, "--tokenizer", "char", "--input", "abx", "--json")
    assert [row["bytes"] for row in json.loads(out)] == ["61", "62"]
    assert "'x'" in err
    assert "toy-stories" in command("corpora")[1]
    assert {row["name"] for row in json.loads(command("corpora", "--json")[1])} >= {"toy-stories"}
